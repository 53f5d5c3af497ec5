//! Networks, named by one address or by an address and a prefix length.

use std::{net::IpAddr, str::FromStr};

use ipnet::IpNet;

/// The addresses of one network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(IpNet);

impl Network {
    /// Whether the address is in it. An IPv4 address in IPv6 clothes counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self(IpNet::from(address.to_canonical())));
        }
        text.parse().map(Self).map_err(|_| {
            format!("must be an IP address or a network such as 10.0.0.0/8, not {text:?}")
        })
    }
}
