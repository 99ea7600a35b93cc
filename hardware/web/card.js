// The page's sound card, on the browser's audio thread: 20 ms in, 20 ms out, by one clock. Numbers are little-endian, as
// on every machine that has a browser.
// What answers period n sounds LEAD periods after the end of n. A ring of samples, indexed by time, keeps it till then.

const LEAD = 3; // browsers render up to 30 ms at once, and the answer must have come before the next such piece
const FADE_S = 0.005;

class Card extends AudioWorkletProcessor {
  constructor() {
    super();
    this.period = sampleRate / 50;
    this.number = 0; // of the period that is being captured
    this.filled = 0;
    this.captured = new Int32Array(this.period);
    this.sounds = new Float32Array(this.period * 16);
    this.at = 0; // samples that have sounded
    this.late = 0;
    this.port.onmessage = ({ data: { port, listening } }) => {
      this.way = port; // to whoever has the WebSocket
      this.listening = listening;
      port.onmessage = ({ data }) => (data.flush ? this.fade() : this.play(data.play, data.pcm));
    };
  }

  play(number, pcm) {
    const start = (number + 1 + LEAD) * this.period;
    if (start < this.at) this.late += 1;
    for (let i = Math.max(0, this.at - start); i < pcm.length; i++) {
      this.sounds[(start + i) % this.sounds.length] = pcm[i] / 32768;
    }
  }

  fade() {
    const length = Math.round(sampleRate * FADE_S);
    for (let i = 0; i < this.sounds.length; i++) {
      this.sounds[(this.at + i) % this.sounds.length] *= Math.max(0, 1 - i / length);
    }
  }

  process([input], [output]) {
    const heard = input[0];
    const out = output[0];
    for (let i = 0; i < out.length; i++) {
      const slot = this.at++ % this.sounds.length;
      out[i] = this.sounds[slot];
      this.sounds[slot] = 0;
      const value = heard ? Math.max(-1, Math.min(1, heard[i])) : 0;
      this.captured[this.filled++] = Math.round(value * 2147483647);
      if (this.filled === this.period) this.finish();
    }
    return true;
  }

  finish() {
    // Number, what came too late, and, if there is a microphone, what it heard.
    const samples = this.listening ? this.captured : new Int32Array(0);
    const message = new Uint32Array(3 + samples.length);
    message.set([1, this.number++, this.late]);
    message.set(new Uint32Array(samples.buffer), 3);
    this.way?.postMessage(message.buffer, [message.buffer]);
    this.filled = 0;
  }
}

registerProcessor("card", Card);
