//! A backend that hangs up before its POST is answered: the message is in the
//! log all the same, so everybody gets it, and nothing of it is left behind.

use std::time::Duration;

use rookery_testing::{Proxy, RedisServer};
use socket2::SockRef;
use tokio::{io::AsyncWriteExt, net::TcpStream, time::sleep};

use crate::support::{Cluster, Node, SOON, Watcher, client, room, soon, token};

/// Posts a message and leaves the connection open, unanswered.
async fn begin_post(node: &Node, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(node.address()).await.unwrap();
    let body = format!(r#"{{"text":"{text}"}}"#);
    let request = format!(
        "POST /api/v1/rooms/general/messages HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        node.address(),
        token("backend"),
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// Resets the connection, as a process that dies does.
fn reset(stream: TcpStream) {
    let socket = SockRef::from(&stream);
    socket.set_linger(Some(Duration::ZERO)).unwrap();
}

#[tokio::test]
async fn an_aborted_post_is_delivered_here_and_does_not_hold_up_the_end() {
    let redis = RedisServer::start_with_append_only_file().unwrap();
    let proxy = Proxy::to_port(redis.port()).unwrap();
    let url = proxy.redis_url();
    let settings = [("redis.url", url.as_str()), ("drain_ms", "100")];
    let mut cluster = Cluster::over(redis, 1, &settings).await;
    let node = &cluster.nodes[0];
    let general = room("general");
    let mut watcher = Watcher::join(node, "watcher", &general).await;
    let sent = client([node], "author").send(&general, "first").await;
    assert_eq!(sent.unwrap().seq, 1);
    watcher.reaches(1).await;

    let idle = node.open_files();
    proxy.hold();
    let post = begin_post(node, "aborted").await;
    // The node has read the request once its message waits for Redis.
    let in_flight = async {
        while node.metric("rookery_sends_in_flight").await < 1.0 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    soon("the post being under way", in_flight).await;
    reset(post);
    let hung_up = async {
        while node.open_files() > idle {
            sleep(Duration::from_millis(5)).await;
        }
    };
    soon("the node noticing the reset", hung_up).await;
    proxy.release();

    watcher.reaches(2).await;
    assert_eq!(watcher.log()[1].1, "aborted");
    let healed = node.metric("rookery_gaps_healed_total").await;
    assert_eq!(healed, 0.0, "it came by itself, not by healing");
    assert_eq!(node.metric("rookery_sends_in_flight").await, 0.0);

    let node = &mut cluster.nodes[0];
    node.signal("TERM");
    assert_eq!(node.ends(SOON).await.code(), Some(0));
    assert!(!node.log().contains("did not end in time"));
}
