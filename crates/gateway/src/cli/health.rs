//! `rookery health`: asks a node whether it is ready, without an HTTP library,
//! so that it is quick and has nothing to go wrong.

use std::{
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, bail};
use clap::Args;

use super::flags::Flags;

/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// The most bytes of an answer that are read.
const MOST_BYTES: u64 = 64 * 1024;

#[derive(Debug, Args)]
pub(super) struct HealthArgs {
    /// http://host:port of the node; that of the settings where nothing is said.
    url: Option<String>,
}

/// Ends with 0 where `GET /readyz` gives 200.
pub(super) fn health(flags: &Flags, args: &HealthArgs) -> anyhow::Result<ExitCode> {
    let (authority, path) = match &args.url {
        Some(url) => split(url)?,
        None => (
            reachable(flags.load()?.settings.listen).to_string(),
            "/readyz".to_owned(),
        ),
    };
    let answer = get(&authority, &path).with_context(|| format!("http://{authority}{path}"))?;
    if answer.status == 200 {
        return Ok(ExitCode::SUCCESS);
    }
    bail!(
        "http://{authority}{path} answers {}: {}",
        answer.status,
        answer.body.trim()
    );
}

/// Whether a node answers at this address.
pub(super) fn is_alive(listen: SocketAddr) -> bool {
    let answer = get(&reachable(listen).to_string(), "/healthz");
    answer.is_ok_and(|answer| answer.status == 200 && answer.body.contains("alive"))
}

struct HealthReply {
    status: u16,
    body: String,
}

/// Host with port, and path.
fn split(url: &str) -> anyhow::Result<(String, String)> {
    let rest = url.strip_prefix("http://");
    let rest = rest.with_context(|| format!("{url:?} must begin with http://"))?;
    let (authority, path) = match rest.find('/') {
        Some(slash) if &rest[slash..] != "/" => rest.split_at(slash),
        _ => (rest.trim_end_matches('/'), "/readyz"),
    };
    let has_port = authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let authority = if has_port {
        authority.to_owned()
    } else {
        format!("{authority}:80")
    };
    Ok((authority, path.to_owned()))
}

/// Where a listener on all addresses is reached from here.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn get(authority: &str, path: &str) -> anyhow::Result<HealthReply> {
    let address = authority
        .to_socket_addrs()?
        .next()
        .context("no such host")?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n"
    )?;
    let mut bytes = Vec::new();
    stream.take(MOST_BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let status = text
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3)?.parse().ok());
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok(HealthReply {
        status: status.context("the answer is not HTTP")?,
        body: body.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_may_leave_out_the_port_and_the_path() {
        for (url, authority, path) in [
            ("http://127.0.0.1:8080", "127.0.0.1:8080", "/readyz"),
            ("http://127.0.0.1:8080/", "127.0.0.1:8080", "/readyz"),
            ("http://gateway/healthz", "gateway:80", "/healthz"),
            ("http://[::1]:9/readyz", "[::1]:9", "/readyz"),
            ("http://[::1]", "[::1]:80", "/readyz"),
        ] {
            let expected = (authority.to_owned(), path.to_owned());
            assert_eq!(split(url).unwrap(), expected, "{url}");
        }
        assert!(
            split("localhost:8080")
                .unwrap_err()
                .to_string()
                .contains("http://")
        );
    }

    #[test]
    fn a_listener_on_all_addresses_is_asked_on_loopback() {
        assert_eq!(
            reachable("0.0.0.0:80".parse().unwrap()).to_string(),
            "127.0.0.1:80"
        );
        assert_eq!(
            reachable("[::]:80".parse().unwrap()).to_string(),
            "[::1]:80"
        );
        assert_eq!(
            reachable("10.0.0.1:80".parse().unwrap()).to_string(),
            "10.0.0.1:80"
        );
    }
}
