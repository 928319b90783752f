//! The `helm`, `terraform`, `eksctl`, `aws` and credentials helper of a rehearsal's own PATH.
//!
//! They are links to the program itself, which calls [`run_as`] first thing: under one of their names, from a
//! rehearsal's `bin` folder, it behaves as that tool ([`helm`], [`terraform`], [`eksctl`], [`aws`], [`credentials`]). What a tool needs to know
//! lies beside that folder ([`place`]).

pub mod aws;
pub mod chart;
pub mod cluster;
pub mod credentials;
pub mod eksctl;
pub mod helm;
pub mod http;
pub mod place;
mod run;
pub mod terraform;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use run::{NAMES, run_as};

/// The scenario's part.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Setup {
    /// Charts that repositories can offer, by name.
    pub charts: BTreeMap<String, chart::Chart>,
    /// The `helm` found on the PATH.
    pub helm: helm::Setup,
    /// The `terraform` found on the PATH, and the modules somebody was sent.
    pub terraform: terraform::Setup,
    /// The `eksctl` found on the PATH.
    pub eksctl: eksctl::Setup,
    /// The credentials that the AWS profile's `credential_process` prints.
    pub credentials: credentials::Setup,
}
