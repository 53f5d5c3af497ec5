//! Who listens on a port of this machine: so that a server that somebody else
//! started is measured without being told its process.

use std::{fs, path::PathBuf};

/// The state of a listening socket in `/proc/net/tcp`.
const LISTENING: &str = "0A";

/// The process that listens on this port over IPv4 or IPv6. `None` where
/// nobody does, or where it belongs to a user that we may not look into.
pub(crate) fn pid_listening_on(port: u16) -> Option<u32> {
    let inodes: Vec<u64> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .into_iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| listeners(&table, port))
        .collect();
    let links: Vec<PathBuf> = inodes
        .iter()
        .map(|inode| PathBuf::from(format!("socket:[{inode}]")))
        .collect();
    if links.is_empty() {
        return None;
    }
    processes().find(|pid| holds_one_of(*pid, &links))
}

/// The inodes of the sockets that listen on this port.
fn listeners(table: &str, port: u16) -> Vec<u64> {
    table
        .lines()
        .filter_map(|line| listener(line, port))
        .collect()
}

/// `sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …`
fn listener(line: &str, port: u16) -> Option<u64> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let (_, local_port) = fields.get(1)?.rsplit_once(':')?;
    let ours = u16::from_str_radix(local_port, 16).ok()? == port && *fields.get(3)? == LISTENING;
    if ours {
        fields.get(9)?.parse().ok()
    } else {
        None
    }
}

fn processes() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn holds_one_of(pid: u32, links: &[PathBuf]) -> bool {
    let Ok(files) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return false;
    };
    files
        .flatten()
        .filter_map(|file| fs::read_link(file.path()).ok())
        .any(|link| links.contains(&link))
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};

    use super::*;

    #[test]
    fn only_listening_sockets_of_the_port_count() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0\n\
            1: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 20 4 30 10 -1\n\
            2: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0\n";
        assert_eq!(listeners(table, 8080), [4711]);
        assert_eq!(listeners(table, 9), [0_u64; 0]);
    }

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
