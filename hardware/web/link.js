// The page's WebSocket, on a thread of its own: sound must not wait while the page is being drawn.

let socket;
let card; // the way to the audio thread, while the device is switched on

const send = (message) => socket.readyState === WebSocket.OPEN && socket.send(message);

onmessage = ({ data }) => {
  if (data.open) open(data.open);
  if (data.tell) send(data.tell);
  if ("card" in data) {
    card?.close();
    card = data.card;
    if (card) card.onmessage = ({ data: period }) => send(period);
  }
};

function open(url) {
  socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => (data instanceof ArrayBuffer ? play(data) : take(JSON.parse(data)));
  socket.onclose = ({ code }) => postMessage({ closed: code });
}

function play(message) {
  const [, number] = new Uint32Array(message, 0, 2);
  const pcm = new Int16Array(message.slice(8));
  card?.postMessage({ play: number, pcm }, [pcm.buffer]);
}

function take(message) {
  if (message.flush) card?.postMessage({ flush: true });
  else postMessage({ message });
}
