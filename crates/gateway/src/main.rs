//! The binary `rookery`.

use rookery_gateway::settings::{Sources, load};

fn main() -> anyhow::Result<()> {
    let loaded = load(&Sources::of_process(None, Vec::new()))?;
    rookery_gateway::logging::start(&loaded.settings.log)?;
    rookery_gateway::run(loaded.settings)
}
