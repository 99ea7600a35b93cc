// The browser's microphone and loudspeaker as one sound card.

const START_MS = 5000; // a browser that finds no loudspeaker says nothing of it: its sound just never begins
const RUNNING_S = 0.25; // WebKit makes a tenth of a second of sound, then none until its loudspeaker is open

export class Sound {
  #context; #card; #stream; #track;
  #muted = false;

  constructor(link, off) {
    this.link = link; // the worker that has the WebSocket
    this.off = off; // called with why, when it ends by itself
  }

  // To be called while somebody presses something: browsers allow sound only then.
  async on(withMicrophone) {
    this.#context = new AudioContext({ latencyHint: "interactive" });
    const resumed = this.#context.resume();
    resumed.catch(() => undefined); // when there is no microphone, nobody waits for it any more
    if (withMicrophone) await this.#openMicrophone();
    await within(START_MS, this.#running(resumed));
    this.#context.onstatechange = ({ target }) => {
      // Firefox tells of the beginning only now; Safari interrupts it for a while, and goes on by itself.
      if (target.state === "suspended") this.off("The browser stopped the sound. Press the ring to switch it on again.");
    };
    await this.#context.audioWorklet.addModule("card.js");
    this.#card = new AudioWorkletNode(this.#context, "card", { outputChannelCount: [1], channelCount: 1, channelCountMode: "explicit" });
    const { port1, port2 } = new MessageChannel(); // from thread to thread, past this one
    this.#card.port.postMessage({ port: port1, listening: withMicrophone }, [port1]);
    this.link.postMessage({ card: port2 }, [port2]);
    if (withMicrophone) this.#context.createMediaStreamSource(this.#stream).connect(this.#card);
    const latency_ms = Math.round(1000 * (this.#context.outputLatency || this.#context.baseLatency || 0));
    this.link.postMessage({ tell: JSON.stringify({ sound: { rate_hz: this.#context.sampleRate, latency_ms } }) });
    this.#card.connect(this.#context.destination);
  }

  async #running(resumed) {
    await resumed;
    while (this.#context?.currentTime < RUNNING_S) await new Promise((waited) => setTimeout(waited, 20));
  }

  async #openMicrophone() {
    const audio = { echoCancellation: true, noiseSuppression: false, autoGainControl: true, channelCount: 1 };
    this.#stream = await navigator.mediaDevices.getUserMedia({ audio });
    [this.#track] = this.#stream.getAudioTracks();
    this.#track.enabled = !this.#muted;
    this.#track.onended = () => this.off("The microphone went away. Press the ring to switch it on again.");
  }

  mute(muted) {
    this.#muted = muted;
    if (this.#track) this.#track.enabled = !muted;
  }

  close() {
    if (this.#track) this.#track.onended = null;
    this.#stream?.getTracks().forEach((track) => track.stop());
    if (this.#context) this.#context.onstatechange = null;
    this.#context?.close();
    this.link.postMessage({ card: null });
    this.#card = this.#context = this.#stream = this.#track = undefined;
  }
}

function within(ms, doing) {
  const late = new DOMException("It takes too long", "TimeoutError");
  return Promise.race([doing, new Promise((_, fail) => setTimeout(fail, ms, late))]);
}
