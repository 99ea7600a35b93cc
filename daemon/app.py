"""The daemon put together: it opens the parts, runs the rooms' tasks, and carries out what the conversation decides.

No decision is made here. What happens anywhere becomes an event, the conversation turns it into effects, and `Hands`
carries them out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from pathlib import Path
from typing import Final

from hardware.interfaces import Board
from hardware.pcm import DOWN, loudness

from .announcing.phrase_fetching import PhraseFetching
from .announcing.sounds import Sounds
from .audio.capture import Capture
from .audio.earcon import Earcon, sound
from .audio.playback import Heard, Playback
from .audio.vad import Vad
from .config import Config
from .config.changes import Changes
from .control import server as control_server
from .control.client import Reply
from .control.condition import Condition
from .control.requests import Requests
from .conversation import Conversation
from .desk.showing import Showing
from .device import OwnDevice
from .ears import Ears
from .effects import Effect
from .events import (
    BargedIn,
    Doubled,
    Event,
    Fault,
    FaultFound,
    FaultMended,
    LinkChanged,
    LinkState,
    MuteAsked,
    Pressed,
    ReplyDone,
    ReplyGenerated,
    ReplyInterrupted,
    ReplySounded,
    ReplySounding,
    RingingChanged,
    SightChanged,
    SpeechDropped,
    Status,
    ToolsCalled,
    TurnState,
    VoiceHeard,
)
from .hands import Hands
from .health.vitals import Effort, memory_mib, vitals
from .health.watch import HealthWatch
from .journal import Journal
from .keeping.keeping import Keeping
from .keeping.limits import LimitWatch
from .last_words import LastWords
from .live import wire
from .live.models import capabilities, refusals
from .live.supervisor import Supervisor
from .live.uplink import Uplink
from .live.upward import Image, Speech, ToolAnswer
from .mute_switch import MuteSwitchWatch
from .notify import ServiceManager
from .panel.lights import meaning
from .panel.panel import Panel
from .readiness import Readiness
from .reloading.adoption import Adoption
from .reloading.choices import blindness, looks, prices, ways
from .reloading.reload import Reload
from .ringing import Ringing
from .sight import Sight
from .telling.diary import Diary
from .toolbox import Toolbox
from .tools.alarm import Reading
from .tools.alarm_clock import machine_clocks
from .tools.call import Answer, Call
from .tools.declaration import Behavior
from .transcripts.scribe import Scribe

Presence = Callable[[Callable[[], None]], Coroutine[None, None, None]]
"""Calls what it is given whenever there is a network again, until cancelled."""


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
        self.conversation: Final = Conversation(ways(config))
        offline_s = config.network.offline_buffer_s
        self.uplink: Final = Uplink(config.turn.longest_s + offline_s, offline_s)
        self.keeping: Final = keeping
        self._presence: Final = presence
        self._clocks: Final = clocks
        self._diary: Final = Diary(journal, prices(config))
        self._scribe: Final = Scribe(config, journal)
        self.recollection: Final = self._scribe.recollection
        self.playback: Final = Playback(
            board.speaker,
            volume_percent=config.speaker.volume_percent,
            on_sounding=self._reply_sounding,
            on_sounded=self._reply_sounded,
            on_fault=self._speaker_lost,
            tell=journal.tell,
            sleep_after_s=config.speaker.sleep_after_s,
            tail_s=config.echo.hangover_ms / 1000,
        )
        self._mute_switch: Final = MuteSwitchWatch(board.mute_switch, self.dispatch, journal.tell)
        self._ears: Final = Ears(
            self._mute_switch.first(board.microphone),
            config,
            vad,
            reference=self.playback.reference,
            audible=lambda: self.playback.audible,
            said=self._speech,
            dispatch=self.dispatch,
            journal=journal,
        )
        self.capture: Final[Capture] = self._ears.capture
        self._last_words: Final = LastWords(self.dispatch)
        self.panel: Final = Panel(
            board.button,
            board.leds,
            on_event=self._last_words.pushed,
            status=lambda: self.conversation.status,
            level=self._level,
            tell=journal.tell,
            timer_left=self._timer_left,
        )
        self.sight: Final = Sight(
            board.camera,
            show=lambda jpeg: self.uplink.show(Image(jpeg)),
            on_seeing=lambda seeing: self.dispatch(SightChanged(seeing)),
            interval_s=config.camera.interval_s,
            journal=journal,
        )
        self.sounds: Final = Sounds(config, self.playback, keeping.refusal)
        self.phrases: Final = PhraseFetching(
            config, sounds=self.sounds, keeping=keeping, sample=lambda: self.recollection.newest_said, journal=journal
        )
        self._hands: Final = Hands(
            config,
            uplink=self.uplink,
            ears=self._ears,
            playback=self.playback,
            sounds=self.sounds,
            sight=self.sight,
            keeping=keeping,
            diary=self._diary,
            wanted=self._wanted,
            stop_ringing=lambda: self._ringing.stop(),  # noqa: PLW0108 - it is made below
        )
        self._device: Final = OwnDevice(
            conversation=self.conversation,
            dispatch=self.dispatch,
            playback=self.playback,
            panel=self.panel,
            keeping=keeping,
            sight=self.sight,
            uplink=self.uplink,
            end_session=self._end_session,
            wanted=self._wanted,
            blindness=lambda: blindness(self.config),
            journal=journal,
        )
        self._condition: Final = Condition(
            conversation=self.conversation,
            keeping=keeping,
            ears=self._ears,
            volume_percent=lambda: self._device.volume_percent,
            memory_mib=memory_mib,
            clock=self._now,
        )
        self.showing: Final = Showing(
            self.conversation,
            self._condition,
            capture=self.capture,
            playback=self.playback,
            recollection=self.recollection,
            mode=lambda: self.config.turn.mode,
        )
        journal.overheard = self.showing.overhear
        rules = capabilities(config.live.model).tools
        self.toolbox: Final = Toolbox(
            config,
            self._device,
            journal,
            on_answer=self._tool_answer,
            on_due=lambda due: self._ringing.due(due),  # noqa: PLW0108 - it is made below
            release=self.uplink.ring,
            session_id=lambda: keeping.session_id,
            clocks=clocks,
            default_behavior=Behavior(rules.default.value),
            allowed_behaviors=frozenset(Behavior(one.value) for one in rules.allowed),
            sees=looks(config),
        )
        self.uplink.holds_speech = lambda: self.toolbox.holds_speech
        self._ringing: Final = Ringing(
            sound=lambda: self.playback.earcon(sound(Earcon.RING)),
            on_change=lambda ringing: self.dispatch(RingingChanged(ringing)),
            say=self._device.say,
            settled=self.toolbox.clock.settled,
            tell=journal.tell,
        )
        self._health: Final = HealthWatch(journal, self._newest_turn, vitals, Effort().read)
        self._limits: Final = LimitWatch(keeping, self.dispatch, lambda: self.conversation.status, journal)
        self._readiness: Final = Readiness(
            manager,
            self.capture,
            self.panel,
            lambda: self.conversation.status,
            prepared=lambda: self.supervisor is None or self.supervisor.prepared,
            journal=journal,
        )
        self._adoption: Final = Adoption(
            device=self._device,
            hands=self._hands,
            ears=self._ears,
            sight=self.sight,
            keeping=keeping,
            diary=self._diary,
            toolbox=self.toolbox,
            prime_echo=self._prime_echo,
            renew_link=self._renew_link,
        )
        self.reload: Final = Reload(
            config,
            reread,
            refusals=refusals,
            adopt=self._adopt,
            at_rest=lambda: self.conversation.status.turn is TurnState.IDLE,
            manager=manager,
            journal=journal,
        )
        self._requests: Final = Requests(self._device, self.reload)
        self.supervisor: Final = supervise(self) if supervise else None

    def __repr__(self) -> str:
        return f"<App {self.conversation}>"

    @property
    def config(self) -> Config:
        """What the device goes by at this moment."""
        return self.reload.config

    @property
    def tell(self) -> Callable[..., None]:
        """The journal's `tell`."""
        return self._journal.tell

    async def run(self) -> None:
        """Run until cancelled.

        Raises:
            ExceptionGroup: Of `DeviceMissing`, when the microphone or the loudspeaker cannot be opened at the start.
        """
        if self.keeping.muted:
            self.dispatch(MuteAsked(muted=True))  # before the microphone is open
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._mute_switch.run(), name="mute_switch")
                group.create_task(self.capture.run(), name="capture")
                group.create_task(self.playback.run(), name="playback")
                group.create_task(self.panel.run(), name="panel")
                group.create_task(self.sight.run(), name="sight")
                group.create_task(self._link(), name="link")
                group.create_task(self.keeping.run(), name="keeping")
                group.create_task(self._limits.run(), name="limits")
                group.create_task(self._health.run(), name="health")
                group.create_task(self._readiness.run(), name="readiness")
                group.create_task(self.toolbox.run(), name="toolbox")
                group.create_task(self._ringing.run(), name="ringing")
                group.create_task(self._scribe.run(), name="scribe")
                group.create_task(self.phrases.run(), name="phrases")
                group.create_task(self.reload.run(), name="reload")
                if self.config.control.socket:
                    group.create_task(self._serve_control(), name="control")
        finally:
            self._manager.stopping()

    # --- what happens ------------------------------------------------------------------------------

    def dispatch(self, event: Event) -> None:
        """Let the conversation decide on `event` and carry out what follows, before returning."""
        if isinstance(event, Pressed | Doubled | VoiceHeard | BargedIn):
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
            self.panel.refresh()
            self.phrases.noticed(status)
            self._manager.status(meaning(status))
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

    def hear(self, turn_id: int, event: wire.Downward) -> None:
        """Take one event of the service that belongs to turn `turn_id`."""
        match event:
            case wire.Audio(pcm):
                self._diary.chunk(turn_id, DOWN.seconds(len(pcm)), self._now())
                self.playback.play(turn_id, pcm)
            case wire.Interrupted():
                self.dispatch(ReplyInterrupted(turn_id))
            case wire.Generated():
                self.dispatch(ReplyGenerated(turn_id))
            case wire.TurnDone(reason):
                self.dispatch(ReplyDone(turn_id, reason))
            case wire.UsageReport():
                self._diary.used(turn_id, event)
                self.keeping.used(turn_id, event)
            case wire.Heard() | wire.HeardSoFar() | wire.Said() | wire.Grounded():
                self._scribe.take_down(turn_id, event)
            case wire.ToolCalls(calls):
                self.dispatch(ToolsCalled(turn_id))
                self.toolbox.called([Call(call.call_id, call.name, call.arguments) for call in calls])
            case wire.ToolCallsCancelled(call_ids):
                self.toolbox.cancelled(call_ids)
            case _:
                pass

    def heard_share(self, turn_id: int) -> float:
        """Return how much of what has arrived of the answer to `turn_id` has sounded, 0 to 1."""
        return self._diary.heard_share(turn_id, self._now())

    def _speech(self, pcm: bytes, captured_s: float) -> None:
        dropped_s = self.uplink.say(Speech(pcm, captured_s))
        if dropped_s:
            turn_id = self.conversation.turn_id
            self._diary.dropped(turn_id, dropped_s)
            if not self.conversation.status.overflowing:
                self._journal.warn("speech.dropped", turn_id=turn_id)
                self.dispatch(SpeechDropped(turn_id))
        self._last_words.heard(captured_s)

    def _reply_sounding(self, turn_id: int) -> None:
        self._diary.sounding(turn_id, self._now())
        self.dispatch(ReplySounding(turn_id))

    def _reply_sounded(self, turn_id: int, heard: Heard) -> None:
        self._diary.sounded(turn_id, heard.sounded_s, heard.underruns)
        self.dispatch(ReplySounded(turn_id))

    def _speaker_lost(self, lost: bool) -> None:
        self.dispatch(FaultFound(Fault.SPEAKER) if lost else FaultMended(Fault.SPEAKER))

    def _tool_answer(self, answered: Answer) -> None:
        scheduling = answered.scheduling.value
        self.uplink.put_aside(ToolAnswer(answered.id, answered.name, answered.response, scheduling))

    def _end_session(self) -> None:
        self.recollection.clear()
        if self.supervisor is not None:
            self.supervisor.end_session()

    # --- around it ---------------------------------------------------------------------------------

    def _wanted(self) -> None:
        if self.supervisor is not None:
            self.supervisor.wanted()

    async def _link(self) -> None:
        """Keep the link alive, once the parts are warm: the SDK takes a second of a Pi's time to import."""
        await self.capture.ready.wait()
        first_start = self.keeping.first_start(self._clocks().boot_id)
        self.sounds.begin(rush=self._ears.wants_whoosh, chime=first_start and self.supervisor is not None)
        await self.toolbox.complete()
        if self.supervisor is None:
            self.dispatch(FaultFound(Fault.KEY))
            return
        if self._presence is None:
            await self.supervisor.run()
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(self.supervisor.run(), name="supervisor")
            group.create_task(self._presence(self.supervisor.network_came), name="presence")

    def _prime_echo(self) -> None:
        self.sounds.begin(rush=self._ears.wants_whoosh, chime=False)

    def _renew_link(self) -> None:
        if self.supervisor is not None:
            self.supervisor.renew()

    def _adopt(self, changes: Changes) -> None:
        self._adoption.adopt(changes)
        self.phrases.go_by(changes.config)
        before = self.conversation.status
        self._carry_out(self.conversation.go_by(ways(changes.config)), before)

    async def _serve_control(self) -> None:
        try:
            await control_server.serve(
                Path(self.config.control.socket),
                self.asked,
                self._condition.audience,
            )
        except OSError as error:
            self._journal.warn("control.unavailable", socket=self.config.control.socket, reason=str(error))

    async def asked(self, words: tuple[str, ...]) -> Reply:
        """Do what is asked for through the control socket; see `Requests`."""
        said = await self._requests.answer(words, self._now())
        return self._condition.reply() | said

    def _level(self) -> float:
        """What moves the ring, 0 to 1: the loudness of whoever speaks, or what is left of the time for a follow-up."""
        match self.conversation.status.turn:
            case TurnState.LISTENING:
                return loudness(self.capture.level_db)
            case TurnState.SPEAKING:
                return self.playback.level
            case _:
                return self.capture.watch_left if self.conversation.status.follow_up else 0.0

    def _timer_left(self) -> float | None:
        """What is left of the nearest timer, 0 to 1; None while none runs."""
        for alarm, left_s in self.toolbox.clock.in_order() if self.config.tools.timers else ():
            if alarm.length_s > 0.0 and left_s is not None:
                return max(0.0, min(1.0, left_s / alarm.length_s))
        return None

    def _newest_turn(self) -> int | None:
        """The number of the newest turn; None while it is under way."""
        return self.conversation.turn_id if self.conversation.status.turn is TurnState.IDLE else None

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
