//! Whether this node takes anybody in just now: the answer to upgrades, and to a
//! balancer that asks before it sends somebody.

use crate::{metrics::Refused, node::Node};

/// Why nobody comes in just now, whoever asks.
pub(crate) struct Shut {
    /// For the metrics.
    pub(crate) reason: Refused,
    pub(crate) message: &'static str,
}

/// Whether this node takes anybody in just now.
pub(crate) fn admission(node: &Node) -> Result<(), Shut> {
    if node.chat.health.readiness().is_draining() {
        return Err(Shut {
            reason: Refused::Draining,
            message: "this node is draining; connect again to reach another one",
        });
    }
    if node.is_cut_off() {
        return Err(Shut {
            reason: Refused::CutOff,
            message: "this node has been without Redis for a while; connect again to reach another one",
        });
    }
    if node.is_out_of_descriptors() {
        return Err(Shut {
            reason: Refused::Files,
            message: "this node has as many connections as its limit of open files allows; raise it (ulimit -n) or add nodes",
        });
    }
    let most = node.settings.limits.connections;
    if most != 0 && node.connections() >= most {
        return Err(Shut {
            reason: Refused::Full,
            message: "this node has as many connections as it may (limits.connections)",
        });
    }
    Ok(())
}
