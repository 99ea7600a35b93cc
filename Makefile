# `make demo` and `make test` set a fresh Debian, Ubuntu or Raspberry Pi OS up by themselves: they install the
# system packages that are missing, make .venv, and install into it what constraints.txt names.

PYTHON ?= python3
BIN := .venv/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check

# PyAudio is compiled against PortAudio.
DEMO_PACKAGES := gcc libc6-dev portaudio19-dev python3-dev python3-venv
# systemd-python is compiled against libsystemd; the contract tests play into a private PulseAudio
# daemon, and a half-open link needs two hosts with a cable between them.
TEST_PACKAGES := $(DEMO_PACKAGES) iproute2 libasound2-plugins libsystemd-dev pkg-config pulseaudio
# What the service stands on and must fit the system; and what only Raspberry Pi OS has.
DEVICE_PACKAGES := libportaudio2 python3-numpy python3-spidev python3-systemd python3-venv systemd tzdata
RASPBERRY_PACKAGES := python3-lgpio python3-picamera2
# A kernel is compiled, and a disk is filled with Debian, for the tests on real kernel devices.
LABORATORY_PACKAGES := bc bison debian-archive-keyring device-tree-compiler e2fsprogs flex gcc kmod libc6-dev libelf-dev make mmdebstrap xz-utils

A_CORE_AND_ONE = $$(($$(getconf _NPROCESSORS_ONLN) + 1))
# Nobody's output is mixed with another's (make 4, not macOS's 3).
WHOLE_OUTPUT := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help try demo rehearse test lint types test-drivers simulate bench device-test test-lowest lock pictures install upgrade uninstall deb clean packages

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

try: .venv/ready-for-demo ## a device in this terminal, without key, parts or sound card
	@$(BIN)/vocative try

demo: .venv/ready-for-demo ## a whole conversation on simulated hardware; the report lands in out/demo
	@echo "==> Rehearsing a conversation; the report goes to out/demo"
	@$(BIN)/vocative rehearse --out out/demo

# What fails says what, when, and what happened around that moment.
rehearse: .venv/ready-for-demo ## every scenario that is shipped, in real time; 6 minutes; the reports land in out
	@for scenario in $$($(BIN)/vocative rehearse --list | cut -d' ' -f1); do \
	  $(BIN)/vocative rehearse --scenario $$scenario --out out/$$scenario || exit 1; done

# They start a hundred programs; without bytecode each would compile the whole daemon.
test: export PYTHONDONTWRITEBYTECODE :=
test: .venv/ready-for-test ## lint, types, and every test that needs no device
	@echo "==> Lint, types and the drivers side by side; each tells what it found when it is done"
	@$(MAKE) --no-print-directory --jobs --keep-going $(WHOLE_OUTPUT) lint types test-drivers
	@echo "==> pytest: what needs no real time, on all cores"
	@$(BIN)/python -m pytest -n auto --dist worksteal --timeout 300 tests/unit tests/scenario
	@echo "==> pytest: what needs real time, a file on each core and one more, since they mostly wait"
	@$(BIN)/python -m pytest -n $(A_CORE_AND_ONE) --dist loadfile tests/loopback

lint:
	@echo "==> ruff check"
	@$(BIN)/ruff check
	@echo "==> ruff format --check"
	@$(BIN)/ruff format --check

types:
	@echo "==> mypy --strict"
	@nice -n 19 $(BIN)/mypy --strict

# The sound server that they play into minds when it is late: nothing but what gives way may run beside them.
test-drivers:
	@echo "==> pytest: the drivers, in real time"
	@$(BIN)/python -m pytest -n $(A_CORE_AND_ONE) --dist loadfile tests/contract

simulate: .venv/ready-for-test ## random conversations against the invariants: make simulate SEEDS=1000000 takes a night
	@$(BIN)/python -m tests.scenario.simulation --seeds $(or $(SEEDS),10000) --jobs $$(getconf _NPROCESSORS_ONLN)

# Without root, a network or Debian's packages, the benches make do with the speech that is shipped, and say so.
bench: .venv/ready-for-demo ## what the sound path hears, costs and takes: tables and pictures in out/bench; 10 minutes
	@$(BIN)/python -c 'import sys; from tests.bench import corpus; sys.exit(corpus.missing() is not None)' || { \
	  echo "==> Fetching speech and noise from Debian packages into build/bench-corpus: 100 MB, once"; \
	  mkdir -p build; $(MAKE) --no-print-directory packages WANTED=ffmpeg && \
	  $(BIN)/python -m tests.bench.corpus 2>build/corpus.log; } || \
	  echo "==> They could not be fetched: the benches make do with the speech that is shipped (build/corpus.log)"
	@$(BIN)/python -m tests.bench --out out/bench

# Without privileges but for building the disk: the kernel is an ordinary process. tests/device/README.md says more.
device-test: .venv/ready-for-test ## the installed package on a real kernel with systemd; the first time takes half an hour
	@$(MAKE) --no-print-directory packages WANTED="$(LABORATORY_PACKAGES)"
	@tests/device/build_kernel.sh build/device
	@$$([ "$$(id -u)" = 0 ] || echo sudo) tests/device/build_image.sh build/device $(RELEASE)
	@$(BIN)/python -m pytest tests/device -m device

# Only what pyproject.toml names gets its lowest version; what those need in turn gets its newest. NumPy 1.24 needs 3.11.
test-lowest: .venv/ready-for-test $(BIN)/uv ## the tests again, with the oldest versions that pyproject.toml allows
	@echo "==> Installing the oldest allowed versions into build/lowest"
	@$(BIN)/uv venv --quiet --clear --python 3.11 --no-python-downloads build/lowest
	@$(BIN)/uv pip install --quiet --python build/lowest/bin/python --resolution lowest-direct -e '.[rehearsal,test]'
	@build/lowest/bin/python -m pytest -m 'not device'

# NumPy is left free: Debian 12's simplejpeg, which Picamera2 uses, only works with Debian 12's own NumPy 1.24.
lock: $(BIN)/uv ## resolve constraints.txt anew
	@$(BIN)/uv pip compile --quiet --universal --upgrade --python-version 3.11 --no-annotate \
	  --extra rehearsal --extra test --no-emit-package numpy --no-emit-package vocative \
	  --custom-compile-command 'make lock    (without NumPy; the Makefile says why)' --output-file constraints.txt pyproject.toml
	@echo "==> Wrote constraints.txt; now: make test"

# The timelines are of whatever machine this runs on; nothing else should be running there.
pictures: .venv/ready-for-demo ## draw the pictures of the documentation anew
	@$(BIN)/python -m docs.draw_ring && $(BIN)/python -m docs.draw_wiring && $(BIN)/python -m docs.draw_reconnects && \
	  $(BIN)/python -m docs.draw_doctor && $(BIN)/python -m docs.draw_terminal
	@$(BIN)/python -m docs.draw_browser || echo "==> docs/browser.png is as it was"
	@$(BIN)/python -m docs.draw_report || echo "==> docs/report.png is as it was"
	@for scenario in $$($(BIN)/vocative rehearse --list | cut -d' ' -f1); do \
	  $(BIN)/vocative rehearse --scenario $$scenario --out out/$$scenario && \
	  cp out/$$scenario/timeline.png docs/scenarios/$$scenario.png || exit 1; done

install: ## on this device, as a service that begins with it: sudo make install
	@systemd/install.sh allowed $@
	@$(MAKE) --no-print-directory packages WANTED="$(DEVICE_PACKAGES)"
	@for package in $(RASPBERRY_PACKAGES); do \
	  if apt-cache show $$package >/dev/null 2>&1; then $(MAKE) --no-print-directory packages WANTED=$$package || exit 1; fi; done
	@systemd/install.sh $@

upgrade: ## what is checked out here takes the installed one's place: sudo make upgrade
	@systemd/install.sh allowed $@
	@$(MAKE) --no-print-directory packages WANTED="$(DEVICE_PACKAGES)"
	@systemd/install.sh $@

uninstall: ## take it off this device; PURGE=1 takes configuration, key and state as well
	@PURGE=$(PURGE) systemd/install.sh $@

deb: ## a Debian package for the release and the processor that this runs on, in build/
	@systemd/wheels.sh build/wheels
	@systemd/debian/build.sh build/wheels

clean: ## remove the virtual environment and everything that was made
	rm -rf .venv build out .mypy_cache .pytest_cache .ruff_cache .hypothesis vocative.egg-info
	find daemon docs hardware tests -name __pycache__ -type d -prune -exec rm -rf {} +

# --- what the targets above stand on -------------------------------------------------------------------------------

.venv/ready-for-demo: pyproject.toml constraints.txt $(BIN)/pip | packages
	@echo "==> Installing the Python packages of the demo into .venv"
	@$(PIP_INSTALL) -c constraints.txt -e '.[rehearsal,terminal]'
	@touch $@

.venv/ready-for-test: pyproject.toml constraints.txt $(BIN)/pip | packages
	@echo "==> Installing the Python packages of the tests into .venv"
	@$(PIP_INSTALL) -c constraints.txt -e '.[rehearsal,test]'
	@touch $@

# A venv without pip is one that was interrupted or that lacked python3-venv. Debian 12's own pip needs half a minute
# more for what is installed then.
$(BIN)/pip: | packages
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "vocative needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) -V). Name another: make PYTHON=python3.13 ..."; exit 1; }
	@echo "==> Making .venv with $$($(PYTHON) -V)"
	@$(PYTHON) -m venv --clear .venv
	@$(PIP_INSTALL) --upgrade pip

$(BIN)/uv: $(BIN)/pip
	@echo "==> Installing uv into .venv"
	@$(PIP_INSTALL) uv

packages: WANTED := $(if $(filter test% simulate device-test,$(MAKECMDGOALS)),$(TEST_PACKAGES),$(DEMO_PACKAGES))
packages:
	@if [ "$$(uname)" = Darwin ]; then \
	  [ -e .venv/bin/pip ] || echo "==> macOS: PyAudio needs PortAudio. If pip cannot build it: brew install portaudio"; exit 0; \
	fi; \
	if ! command -v dpkg-query >/dev/null; then \
	  [ -e .venv/bin/pip ] || echo "==> Not a Debian: these packages' equivalents must be here: $(WANTED)"; exit 0; \
	fi; \
	missing=""; \
	for package in $(WANTED); do \
	  dpkg-query -W -f '$${db:Status-Status}' $$package 2>/dev/null | grep -qx installed || missing="$$missing $$package"; \
	done; \
	[ -n "$$missing" ] || exit 0; \
	if [ "$$(id -u)" = 0 ]; then as_root="env"; \
	elif command -v sudo >/dev/null; then as_root="sudo env"; \
	else echo "These Debian packages are missing, and neither root nor sudo is at hand. As root, run:"; \
	  echo "  apt-get update && apt-get install --no-install-recommends$$missing"; exit 1; \
	fi; \
	install="$$as_root DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 --no-install-recommends$$missing"; \
	echo "==> Installing Debian packages:$$missing"; \
	mkdir -p build; \
	$$install >build/apt.log 2>&1 && exit 0; \
	echo "==> Fetching apt's package lists first"; \
	$$as_root apt-get update --quiet=2 && $$install >build/apt.log 2>&1 || { cat build/apt.log; exit 1; }
