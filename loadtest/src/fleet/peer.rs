//! A peer that Rookery is compared with, as its folder describes it.

use std::{
    env, fs,
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::dialect::Dialect;

/// The file `peer.toml` of a peer's folder.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Peer {
    pub(super) name: String,
    pub(super) dialect: Dialect,
    /// A program and its arguments, as seen from the peer's folder.
    command: Vec<String>,
    /// Whether it takes a Redis, and then keeps every message there.
    pub(super) stores: bool,
    #[serde(skip)]
    folder: PathBuf,
}

/// `loadtest/peers` of the folder that we run in, or of the one that we were built in.
pub(crate) fn peers_folder() -> PathBuf {
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let here = Path::new("loadtest/peers");
    if here.is_dir() {
        here.to_owned()
    } else {
        built_in
    }
}

/// Whether a peer could be started.
///
/// # Errors
///
/// Where there is none of that name, or it is not installed, with how to do that.
pub(crate) fn check_peer(peers: &Path, name: &str) -> Result<()> {
    let peer = Peer::read(peers, name)?;
    peer.program()?;
    let packages = peers.join("node_modules");
    ensure!(
        peer.command[0] != "node" || packages.is_dir(),
        "{name} is not installed ({} is missing): run loadtest/peers/install",
        packages.display()
    );
    Ok(())
}

impl Peer {
    /// Reads the description of a peer.
    ///
    /// # Errors
    ///
    /// Where there is none of that name, with those that there are, or where it is not understood.
    pub(super) fn read(peers: &Path, name: &str) -> Result<Self> {
        let folder = peers.join(name);
        let file = folder.join("peer.toml");
        if !file.is_file() {
            bail!(
                "there is no system {name:?}; there are rookery and, in {}, {}",
                peers.display(),
                names(peers).join(", ")
            );
        }
        let text =
            fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
        let mut peer: Self =
            toml::from_str(&text).with_context(|| format!("understanding {}", file.display()))?;
        ensure!(
            !peer.command.is_empty(),
            "{} has an empty command",
            file.display()
        );
        peer.folder = folder
            .canonicalize()
            .with_context(|| format!("looking for {}", folder.display()))?;
        Ok(peer)
    }

    /// The command that serves at this address.
    ///
    /// # Errors
    ///
    /// Where the peer is not installed, with how to do that.
    pub(super) fn command(&self, listen: SocketAddr, redis_url: Option<&str>) -> Result<Command> {
        let program = self.program()?;
        let mut command = Command::new(program);
        command
            .args(&self.command[1..])
            .current_dir(&self.folder)
            .env("PORT", listen.port().to_string())
            .env("NODE_ENV", "production");
        if let Some(url) = redis_url {
            command.env("REDIS_URL", url);
        }
        Ok(command)
    }

    /// A name is looked for in the PATH, anything with a slash from the peer's folder.
    fn program(&self) -> Result<PathBuf> {
        let name = Path::new(&self.command[0]);
        if name.components().count() == 1 {
            return Ok(name.to_owned());
        }
        let program = self.folder.join(name);
        ensure!(
            program.is_file(),
            "{} is not installed ({} is missing): run loadtest/peers/install",
            self.name,
            program.display()
        );
        Ok(program)
    }
}

/// Whether a peer accepts.
pub(super) fn is_ready(listen: SocketAddr) -> bool {
    TcpStream::connect(listen).is_ok()
}

fn names(peers: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(peers)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().join("peer.toml").is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(toml: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("swift")).unwrap();
        fs::write(folder.path().join("swift/peer.toml"), toml).unwrap();
        folder
    }

    #[test]
    fn a_description_is_read() {
        let folder = folder_with(
            "name = \"swift\"\ndialect = \"socketio\"\ncommand = [\"node\", \"a.mjs\"]\nstores = true\n",
        );
        let peer = Peer::read(folder.path(), "swift").unwrap();
        assert_eq!(
            (peer.name.as_str(), peer.dialect, peer.stores),
            ("swift", Dialect::Socketio, true)
        );
        let command = peer
            .command("127.0.0.1:9".parse().unwrap(), Some("redis://x"))
            .unwrap();
        let set: Vec<_> = command
            .get_envs()
            .map(|(key, value)| (key.to_str(), value.unwrap().to_str()))
            .collect();
        assert_eq!(
            set,
            [
                (Some("NODE_ENV"), Some("production")),
                (Some("PORT"), Some("9")),
                (Some("REDIS_URL"), Some("redis://x"))
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        let folder = folder_with(
            "name = \"swift\"\ndialect = \"morse\"\ncommand = [\"a\"]\nstores = true\n",
        );
        let error = |name| format!("{:#}", Peer::read(folder.path(), name).unwrap_err());
        assert!(error("swift").contains("morse"), "{}", error("swift"));
        assert!(
            error("slow").contains("in ") && error("slow").contains("swift"),
            "{}",
            error("slow")
        );
    }

    #[test]
    fn a_peer_that_is_not_installed_names_the_script() {
        let folder = folder_with(
            "name = \"swift\"\ndialect = \"plain\"\ncommand = [\"./a\"]\nstores = false\n",
        );
        let peer = Peer::read(folder.path(), "swift").unwrap();
        let error = peer
            .command("127.0.0.1:9".parse().unwrap(), None)
            .unwrap_err();
        assert!(
            error.to_string().contains("loadtest/peers/install"),
            "{error}"
        );
    }
}
