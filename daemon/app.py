"""The daemon put together: it opens the parts, runs the rooms' tasks, and carries out what the conversation decides.

No decision is made here. What happens anywhere becomes an event, the conversation turns it into effects, and `Hands`
carries them out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from hardware.interfaces import Board

from .announcing.phrase_fetching import PhraseFetching
from .announcing.sounds import Sounds
from .audio.vad import Vad
from .body import Body
from .config import Config
from .config.changes import Changes
from .conversation import Conversation
from .device import OwnDevice
from .downlink import Downlink
from .effects import Effect
from .events import BargedIn, Doubled, Event, LinkChanged, MuteAsked, Pressed, PromptAsked, VoiceHeard
from .hands import Hands
from .health.vitals import Effort, vitals
from .health.watch import HealthWatch
from .journal import Journal
from .keeping.keeping import Keeping
from .keeping.limits import LimitWatch
from .lifeline import Lifeline, Presence
from .live.models import refusals
from .live.supervisor import Supervisor
from .live.uplink import Uplink
from .notify import ServiceManager
from .panel.scene import meaning
from .readiness import Readiness
from .reception import Reception
from .reloading.adoption import Adoption
from .reloading.choices import blindness, looks, prices, ways
from .reloading.reload import Reload
from .ringing import Ringing
from .status import LinkState, Status, TurnState
from .telling.diary import Diary
from .toolbox import Toolbox
from .tools.alarm import Reading
from .tools.alarm_clock import AlarmClock, machine_clocks
from .tools.alarm_store import AlarmStore
from .transcripts.scribe import Scribe


class App:
    """The whole daemon, on a board that is given to it, with a supervisor that is made for it.

    Args:
        config: The accepted configuration to begin with.
        board: Opens the parts.
        supervise: Makes the supervisor of the link for this app's uplink and ears; None when there is no key.
        journal: Where everything is told.
        manager: systemd, or nobody.
        vad: Decides which frames hold speech.
        keeping: What outlives the process: handles and limits.
        presence: Notices networks; None where nothing tells of them.
        reread: Reads the configuration anew, or raises `ConfigurationError`; None where there is nothing to be read.
        clocks: Reads the clocks that timers and alarms go by.
    """

    def __init__(  # noqa: PLR0913 - what surrounds it
        self,
        *,
        config: Config,
        board: Board,
        supervise: Callable[[App], Supervisor] | None,
        journal: Journal,
        manager: ServiceManager,
        vad: Vad,
        keeping: Keeping,
        presence: Presence | None = None,
        reread: Callable[[], Awaitable[Config]] | None = None,
        clocks: Callable[[], Reading] = machine_clocks,
    ) -> None:
        self._journal: Final = journal
        self._manager: Final = manager
        # What is decided, and what it depends on.
        self.conversation: Final = Conversation(ways(config))
        self.reload: Final = Reload(
            config,
            reread,
            refusals=refusals,
            adopt=self._adopt,
            at_rest=lambda: self.conversation.status.turn is TurnState.IDLE,
            manager=manager,
            journal=journal,
        )
        # What is kept, of the link and of what was said.
        offline_s = config.network.offline_buffer_s
        self.uplink: Final = Uplink(config.turn.longest_s + offline_s, offline_s)
        self.keeping: Final = keeping
        self._diary: Final = Diary(journal, prices(config))
        self._scribe: Final = Scribe(config, journal)
        self.recollection: Final = self._scribe.recollection
        self.lifeline: Final = Lifeline(self.dispatch, presence, self.recollection)
        # The parts, and the sounds that mean something.
        self._clock: Final = AlarmClock(AlarmStore.in_folder(config.state.folder), clocks, tell=journal.tell)
        self.body: Final = Body(
            board,
            config,
            vad,
            conversation=self.conversation,
            dispatch=self.dispatch,
            uplink=self.uplink,
            diary=self._diary,
            timer_left=lambda: self._clock.timer_left() if self.config.tools.timers else None,
            journal=journal,
        )
        self.sounds: Final = Sounds(config, self.body.playback, keeping.refusal)
        self.phrases: Final = PhraseFetching(
            config, sounds=self.sounds, keeping=keeping, sample=lambda: self.recollection.newest_said, journal=journal
        )
        # What can be done with the device, and by whom.
        self._device: Final = OwnDevice(
            conversation=self.conversation,
            dispatch=self.dispatch,
            body=self.body,
            keeping=keeping,
            uplink=self.uplink,
            end_session=self.lifeline.end_session,
            wanted=self.lifeline.wanted,
            blindness=lambda: blindness(self.config),
            journal=journal,
        )
        self._ringing: Final = Ringing(
            sound=self.sounds.ring,
            dispatch=self.dispatch,
            say=self._device.say,
            settled=self._clock.settled,
            tell=journal.tell,
        )
        self._hands: Final = Hands(
            config,
            uplink=self.uplink,
            body=self.body,
            sounds=self.sounds,
            keeping=keeping,
            diary=self._diary,
            wanted=self.lifeline.wanted,
            stop_ringing=self._ringing.stop,
        )
        self.reception: Final = Reception(
            lambda: self.config,
            conversation=self.conversation,
            device=self._device,
            body=self.body,
            keeping=keeping,
            recollection=self.recollection,
            reload=self.reload,
            journal=journal,
        )
        self.toolbox: Final = Toolbox(
            config,
            self._device,
            self._clock,
            self.uplink,
            journal,
            session_id=lambda: keeping.session_id,
            sees=looks(config),
        )
        # Who looks after it.
        self._health: Final = HealthWatch(journal, self._newest_turn, vitals, Effort().read)
        self._limits: Final = LimitWatch(keeping, self.dispatch, lambda: self.conversation.status, journal)
        self._readiness: Final = Readiness(
            manager,
            self.body.capture,
            self.body.panel,
            lambda: self.conversation.status,
            importing=lambda: self.body.sight.beginning or self.lifeline.importing,
            journal=journal,
        )
        self._adoption: Final = Adoption(
            device=self._device,
            hands=self._hands,
            body=self.body,
            sounds=self.sounds,
            phrases=self.phrases,
            keeping=keeping,
            diary=self._diary,
            toolbox=self.toolbox,
            renew_link=self.lifeline.renew,
        )
        # The link, last: it serves everything else.
        self.downlink: Final = Downlink(
            self.uplink,
            self.dispatch,
            playback=self.body.playback,
            toolbox=self.toolbox,
            scribe=self._scribe,
            keeping=keeping,
            diary=self._diary,
            journal=journal,
        )
        self.lifeline.supervisor = supervise(self) if supervise else None

    def __repr__(self) -> str:
        return f"<App {self.conversation}>"

    @property
    def config(self) -> Config:
        """What the device goes by at this moment."""
        return self.reload.config

    async def run(self) -> None:
        """Run until cancelled.

        Raises:
            ExceptionGroup: Of `DeviceMissing`, when the microphone or the loudspeaker cannot be opened at the start, or
                (`DeviceStuck`) never again in this process.
        """
        if self.keeping.muted:
            self.dispatch(MuteAsked(muted=True))  # before the microphone is open
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.body.mute_switch.run(), name="mute_switch")
                group.create_task(self.body.capture.run(), name="capture")
                group.create_task(self.body.playback.run(), name="playback")
                group.create_task(self.body.panel.run(), name="panel")
                group.create_task(self.body.sight.run(), name="sight")
                group.create_task(self._link(), name="link")
                group.create_task(self.keeping.run(), name="keeping")
                group.create_task(self._limits.run(), name="limits")
                group.create_task(self._health.run(), name="health")
                group.create_task(self._readiness.run(), name="readiness")
                group.create_task(self.toolbox.run(), name="toolbox")
                group.create_task(self._clock.run(self._ringing.due), name="alarm clock")
                group.create_task(self._ringing.run(), name="ringing")
                group.create_task(self._scribe.run(), name="scribe")
                group.create_task(self.phrases.run(), name="phrases")
                group.create_task(self.reload.run(), name="reload")
                group.create_task(self.reception.run(), name="control")
        finally:
            self._manager.stopping()

    # --- what happens ------------------------------------------------------------------------------

    def dispatch(self, event: Event) -> None:
        """Let the conversation decide on `event` and carry out what follows, before returning."""
        if isinstance(event, Pressed | Doubled | VoiceHeard | BargedIn | PromptAsked):
            self._limits.check()
        if event == LinkChanged(LinkState.UP):
            self.keeping.link_began()
            self.toolbox.link_began()
        elif isinstance(event, LinkChanged) and event.link is not LinkState.DRAINING:
            self.toolbox.link_ended(asked_again=self.uplink.replay.newest_turn is not None)
        before = self.conversation.status
        self._carry_out(self.conversation.handle(event), before)
        if self.conversation.status.turn is TurnState.IDLE:
            self.reload.rested()

    def _carry_out(self, effects: Iterable[Effect], before: Status) -> None:
        """Do what was decided, and show the status if it is not as `before`."""
        for effect in effects:
            self._hands.carry_out(effect)
        status = self.conversation.status
        if status != before:
            self.body.panel.refresh()
            self.phrases.noticed(status)
            self._manager.status(meaning(status))
            self._readiness.refresh()
            self._journal.debug(
                "status.changed",
                link=status.link.value,
                turn=status.turn.value,
                muted=status.muted,
                seeing=status.seeing,
                ringing=status.ringing,
                follow_up=status.follow_up,
                fault=status.fault.value if status.fault else None,
            )

    # --- around it ---------------------------------------------------------------------------------

    async def _link(self) -> None:
        """Keep the link alive, once the parts are warm: the SDK takes a second of a Pi's time to import."""
        await self.body.capture.ready.wait()
        first_start = self.keeping.first_start(self._clock.now().boot_id)
        self.sounds.begin(rush=self.body.ears.wants_whoosh, chime=first_start and self.lifeline.supervisor is not None)
        await self.toolbox.complete()
        await self.lifeline.run()

    def _adopt(self, changes: Changes) -> None:
        self._adoption.adopt(changes)
        before = self.conversation.status
        self._carry_out(self.conversation.go_by(ways(changes.config)), before)
        self._limits.check()

    def _newest_turn(self) -> int | None:
        """The number of the newest turn; None while it is under way."""
        return self.conversation.turn_id if self.conversation.status.turn is TurnState.IDLE else None
