//! A simulated world on loopback: what does an install look like to a cloud that does not exist?
//!
//! Start at [`Rehearsal::start`]. The world ([`world`]) is shared state moved on by a clock that may run
//! faster than ours ([`clock`]); what exists, how long things take and what goes wrong is a scenario
//! ([`scenario`]). Doors into it: [`aws`] (every service on one port), [`kube`] (an API server),
//! [`outside`] (DNS, a CONNECT proxy with its own CA, and the hosts behind it) and [`tools`]
//! (the `helm` and `terraform` of its own PATH). It knows nothing of the program that is rehearsed.

/// Header by which every simulated endpoint names itself; its value is the scenario's id.
pub const MARK: &str = "x-landfall-rehearsal";

pub mod aws;
pub mod clock;
pub mod folder;
pub mod handed_out;
pub mod hands;
pub mod kube;
pub mod outside;
pub mod scenario;
pub mod serve;
pub mod shape;
pub mod tools;
pub mod world;

pub use clock::Clock;
pub use scenario::{Ends, Scenario};
pub use serve::{Options, Rehearsal, StartError};
pub use world::World;
