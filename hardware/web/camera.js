// The browser's camera: it runs from the first picture that is asked for until it may rest, and at no other time.

const SETTLE_MS = 700; // until exposure and colours are right
const FRAME_MS = 300; // a camera in the dark takes its time
const MOST_BYTES = 100 * 1024;

export class Camera {
  #video; #stream; #waking; #canvas = document.createElement("canvas");

  // Returns a JPEG of what is to be seen now.
  async capture(widthPx, quality) {
    await (this.#waking ??= this.#wake(widthPx));
    const video = this.#video;
    await Promise.race([
      new Promise((seen) => video.requestVideoFrameCallback?.(seen)),
      new Promise((waited) => setTimeout(waited, FRAME_MS)), // not every browser tells of frames, of a video that is not shown
    ]);
    const scale = Math.min(1, widthPx / Math.max(video.videoWidth, video.videoHeight));
    this.#canvas.width = Math.round(video.videoWidth * scale);
    this.#canvas.height = Math.round(video.videoHeight * scale);
    this.#canvas.getContext("2d").drawImage(video, 0, 0, this.#canvas.width, this.#canvas.height);
    for (let better = quality; ; better *= 0.8) {
      const blob = await new Promise((made) => this.#canvas.toBlob(made, "image/jpeg", better));
      if (blob.size <= MOST_BYTES || better < 0.2) return await blob.arrayBuffer();
    }
  }

  async #wake(widthPx) {
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: widthPx }, facingMode: "user" } });
      this.#video = document.createElement("video");
      this.#video.muted = true;
      this.#video.playsInline = true;
      this.#video.srcObject = this.#stream;
      await this.#video.play();
      await new Promise((settled) => setTimeout(settled, SETTLE_MS));
    } catch (error) {
      this.rest();
      throw error;
    }
  }

  rest() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = this.#video = this.#waking = undefined;
  }
}
