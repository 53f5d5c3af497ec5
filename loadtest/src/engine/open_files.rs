//! How many files this process may have open: one for each connection.

use anyhow::{Context, bail};
use rlimit::Resource;

/// Files that are open beside connections: outputs, the poll, measured processes.
const BESIDE: u64 = 64;

/// How many files this process may have open at most.
///
/// # Errors
///
/// Where the limit cannot be read.
pub(crate) fn most() -> anyhow::Result<u64> {
    let (_, hard) = Resource::NOFILE
        .get()
        .context("cannot read the limit of open files")?;
    Ok(hard)
}

/// Sees to it that so many connections can be held at once.
pub(crate) fn allow(connections: usize) -> anyhow::Result<()> {
    let wanted = connections as u64 + BESIDE;
    let (soft, hard) = Resource::NOFILE
        .get()
        .context("cannot read the limit of open files")?;
    if soft >= wanted {
        return Ok(());
    }
    if hard < wanted {
        let most = hard.saturating_sub(BESIDE);
        bail!(
            "{connections} connections need {wanted} open files, but the hard limit of this process \
             is {hard}: ask for at most {most} connections, or raise the limit (`ulimit -Hn {wanted}` \
             as root, or LimitNOFILE= / limits.conf), or run several generators"
        );
    }
    Resource::NOFILE
        .set(wanted.max(soft).min(hard), hard)
        .with_context(|| {
            format!(
                "cannot raise the limit of open files from {soft} to {wanted} (hard limit {hard})"
            )
        })
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_too_much_says_what_to_do() {
        let error = super::allow(usize::MAX / 2).unwrap_err().to_string();
        assert!(error.contains("ulimit -Hn"), "{error}");
    }
}
