// A network between the browser and a server that a test can break: a TCP relay on a free port of the loopback interface.

import { once } from "node:events";
import net from "node:net";

export class Network {
  #server;
  #target;
  #ends = new Set();
  #isCut = false;

  /** Relays to the server at `url`. */
  static async to(url) {
    const network = new Network();
    network.#target = new URL(url);
    network.#server = net.createServer((inner) => network.#relay(inner)).listen(0, "127.0.0.1");
    await once(network.#server, "listening");
    return network;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  /** Breaks all connections and lets no new ones through until `mend`. */
  cut() {
    this.#isCut = true;
    for (const end of this.#ends) end.destroy();
  }

  /** Swallows everything on the present connections while they seem to be open, as a router that lost its state does. */
  freeze() {
    for (const end of this.#ends) {
      end.unpipe();
      end.removeAllListeners("data");
      end.resume();
    }
  }

  mend() {
    this.#isCut = false;
  }

  close() {
    this.cut();
    this.#server.close();
  }

  #relay(inner) {
    if (this.#isCut) return void inner.destroy();
    const outer = net.connect(this.#target.port, this.#target.hostname);
    for (const [end, other] of [[inner, outer], [outer, inner]]) {
      this.#ends.add(end);
      end.pipe(other);
      end.on("error", () => {}); // a broken connection is what this is for
      end.on("close", () => {
        this.#ends.delete(end);
        other.destroy();
      });
    }
  }
}
