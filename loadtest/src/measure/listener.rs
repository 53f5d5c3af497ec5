//! Who listens on a port of this machine: so that a server that somebody else
//! started is measured without being told its process.

use procfs::{
    net::{TcpNetEntry, TcpState, tcp, tcp6},
    process::{FDTarget, Process, all_processes},
};

/// The process that listens on this port over IPv4 or IPv6. `None` where
/// nobody does, or where it belongs to a user that we may not look into.
pub(crate) fn pid_listening_on(port: u16) -> Option<u32> {
    let listens =
        |entry: &TcpNetEntry| entry.state == TcpState::Listen && entry.local_address.port() == port;
    let sockets = [tcp(), tcp6()].into_iter().flatten().flatten();
    let inodes: Vec<u64> = sockets.filter(listens).map(|entry| entry.inode).collect();
    if inodes.is_empty() {
        return None;
    }
    let mut processes = all_processes().ok()?.flatten();
    let listener = processes.find(|process| holds_one_of(process, &inodes))?;
    u32::try_from(listener.pid()).ok()
}

fn holds_one_of(process: &Process, inodes: &[u64]) -> bool {
    let files = process.fd().into_iter().flatten().flatten();
    let mut targets = files.map(|file| file.target);
    targets.any(|target| matches!(target, FDTarget::Socket(inode) if inodes.contains(&inode)))
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};

    use super::*;

    #[test]
    fn this_process_is_found_by_its_own_port() {
        let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = v4.local_addr().unwrap();
        let _client = TcpStream::connect(address).unwrap();
        assert_eq!(pid_listening_on(address.port()), Some(std::process::id()));
        if let Ok(v6) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) {
            let port = v6.local_addr().unwrap().port();
            assert_eq!(pid_listening_on(port), Some(std::process::id()));
        }
        drop(v4);
        assert_eq!(pid_listening_on(address.port()), None);
    }
}
