//! What kind of place an address is: who names one may not lead us into another network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far inside a place is, from the outside in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The internet.
    Public,
    /// The internet and private networks.
    Private,
    /// The internet and this machine.
    Loopback,
    /// Link-local, metadata services, multicast and whatever is reserved: never.
    Nowhere,
}

impl Reach {
    /// Whether somebody who is at `self` may name a place of the kind `other`.
    #[must_use]
    pub fn includes(self, other: Self) -> bool {
        match other {
            Self::Public => true,
            Self::Private | Self::Loopback => self == other,
            Self::Nowhere => false,
        }
    }
}

#[must_use]
pub fn reach_of(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => reach_of_v4(address),
        IpAddr::V6(address) => embedded(address).map_or_else(|| reach_of_v6(address), reach_of_v4),
    }
}

fn reach_of_v4(address: Ipv4Addr) -> Reach {
    let [a, b, c, _] = address.octets();
    let is_reserved = a == 0
        || a >= 224
        || (a, b) == (169, 254)
        || (a, b, c) == (192, 0, 0)
        || (a, b, c) == (192, 0, 2)
        || (a, b, c) == (198, 51, 100)
        || (a, b, c) == (203, 0, 113)
        || (a, b, c) == (192, 88, 99)
        || (a == 198 && (b & 0xFE) == 18);
    if address.is_loopback() {
        Reach::Loopback
    } else if is_reserved {
        Reach::Nowhere
    } else if address.is_private() || (a == 100 && (64..128).contains(&b)) {
        Reach::Private
    } else {
        Reach::Public
    }
}

fn reach_of_v6(address: Ipv6Addr) -> Reach {
    let [first, second, ..] = address.segments();
    // Documentation, and 2001::/23, which is for protocols: Teredo among them hides an IPv4 address.
    let is_reserved =
        (first == 0x2001 && (second < 0x0200 || second == 0x0DB8)) || (first == 0x3FFF && second < 0x1000);
    if address.is_loopback() {
        Reach::Loopback
    } else if (first & 0xFE00) == 0xFC00 {
        Reach::Private
    } else if (first & 0xE000) == 0x2000 && !is_reserved {
        Reach::Public
    } else {
        Reach::Nowhere
    }
}

/// The IPv4 address that a mapped, translated or tunnelled one leads to.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let parts = address.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match parts {
        [0, 0, 0, 0, 0, 0xFFFF, high, low] | [0x64, 0xFF9B, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_apart() {
        for (text, expected) in [
            ("93.184.216.34", Reach::Public),
            ("2606:2800:220:1::1", Reach::Public),
            ("10.1.2.3", Reach::Private),
            ("172.31.0.1", Reach::Private),
            ("192.168.0.1", Reach::Private),
            ("100.64.0.1", Reach::Private),
            ("fd00::1", Reach::Private),
            ("127.8.0.1", Reach::Loopback),
            ("::1", Reach::Loopback),
            ("::ffff:127.0.0.1", Reach::Loopback),
            ("::ffff:10.0.0.1", Reach::Private),
            ("64:ff9b::a00:1", Reach::Private),
            ("2002:7f00:1::", Reach::Loopback),
            ("169.254.169.254", Reach::Nowhere),
            ("0.0.0.0", Reach::Nowhere),
            ("255.255.255.255", Reach::Nowhere),
            ("224.0.0.1", Reach::Nowhere),
            ("fe80::1", Reach::Nowhere),
            ("::", Reach::Nowhere),
            ("2001:db8::1", Reach::Nowhere),
            ("2001:0:7f00:1::1", Reach::Nowhere),
            ("2001:4860:4860::8888", Reach::Public),
            ("3fff:fff::1", Reach::Nowhere),
            ("64:ff9b:1::7f00:1", Reach::Nowhere),
            ("::7f00:1", Reach::Nowhere),
            ("fec0::1", Reach::Nowhere),
            ("ff02::1", Reach::Nowhere),
            ("100.128.0.1", Reach::Public),
            ("240.0.0.1", Reach::Nowhere),
        ] {
            assert_eq!(reach_of(text.parse().unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn nobody_names_a_place_further_inside() {
        assert!(Reach::Public.includes(Reach::Public));
        assert!(!Reach::Public.includes(Reach::Private));
        assert!(!Reach::Public.includes(Reach::Loopback));
        assert!(Reach::Loopback.includes(Reach::Loopback) && !Reach::Loopback.includes(Reach::Private));
        assert!(!Reach::Loopback.includes(Reach::Nowhere) && !Reach::Nowhere.includes(Reach::Nowhere));
    }
}
