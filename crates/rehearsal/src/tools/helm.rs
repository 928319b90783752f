//! stub
use std::collections::BTreeMap;
use serde::{Deserialize, Serialize};
use super::place::Place;
/// The scenario's part.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Setup {}
/// Runs.
pub fn run(_place: &Place, _arguments: &[String], _environment: &BTreeMap<String, String>) -> i32 { 1 }
