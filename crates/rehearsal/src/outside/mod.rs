//! Everything that is neither AWS nor the cluster: names, and the hosts behind the proxy.
//!
//! [`dns`] answers for the names of the scenario ([`names`] decides which exist now), [`proxy`] stands
//! between the program and every host, [`amazon`] knows those that AWS has in every account, [`authority`] signs their certificates, and [`host`] holds what they
//! answer. [`postgres`] speaks a database's start-up,
//! [`psql`] is its client in a pod. A scenario describes all of it ([`setup`]).

pub mod amazon;
pub mod authority;
pub mod condition;
pub mod dns;
pub mod host;
pub mod ldap;
pub mod names;
pub mod postgres;
pub mod proxy;
pub mod psql;
pub mod setup;
pub mod state;

pub use setup::Setup;
pub use state::Outside;
