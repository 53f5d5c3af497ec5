//! The binary `rookery`.

fn main() -> anyhow::Result<()> {
    rookery_gateway::run(rookery_gateway::settings::Settings::default())
}
