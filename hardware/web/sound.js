// The browser's microphone and loudspeaker as one sound card.

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
    if (withMicrophone) await this.#openMicrophone();
    await resumed;
    this.#context.onstatechange = () => this.off("The browser stopped the sound. Press the ring to switch it on again.");
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
