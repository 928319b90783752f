//! How do kinds with parameters of their own stand in one list? Each reads them from a tree, then acts.

use std::{future::Future, sync::Arc};

use async_trait::async_trait;
use landfall_core::{
    catalogue::{Again, Descriptor, Room, Touches},
    clock::Span,
    event::{Found, Happened, Host, Outcome, Permissions, Question, Table},
};
use schemars::schema_for;
use serde_json::Value;

use super::{
    AnyCheck, AnyLookup, AnyStep, Applied, Check, Context, Lookup, Made, Misfit, PlanView, Rendered, Step,
    misfit::{decode, decoded},
};
use crate::cloud::{Trouble, slowed};

/// Turns a kind's type into a trait object.
pub struct Erased<K>(std::marker::PhantomData<fn() -> K>);

impl<K> Erased<K> {
    /// The kind itself has no state.
    #[must_use]
    pub const fn new() -> Self {
        Self(std::marker::PhantomData)
    }
}

impl<K> Default for Erased<K> {
    fn default() -> Self {
        Self::new()
    }
}

/// Does a kind's work; a service that asks to slow down is told in its task's name.
async fn heard<T>(cx: &Context, work: impl Future<Output = T> + Send) -> T {
    let tell = cx.tell.clone();
    slowed::heard(Arc::new(move |service: &str| tell(Happened::Throttled { service: service.to_owned() })), work).await
}

fn bare(name: &str, room: Room, about: &str, parameters: Value) -> Descriptor {
    Descriptor {
        name: name.into(),
        room,
        code: String::new(),
        about: about.into(),
        parameters,
        outputs: Value::Null,
        touches: Touches::Nothing,
        again: Again::Upsert,
        keeps_data: false,
        costs: None,
        fixed: Vec::new(),
        interval: Span::seconds(2),
        deadline: Span::minutes(2),
        usual: None,
    }
}

#[async_trait]
impl<K: Check> AnyCheck for Erased<K> {
    fn describe(&self) -> Descriptor {
        let about = K::ABOUT;
        Descriptor {
            code: about.code.into(),
            touches: about.touches,
            ..bare(about.name, Room::Check, about.about, schema_for!(K).to_value())
        }
    }

    fn fits(&self, parameters: &Value) -> Result<(), Misfit> {
        decode::<K>(parameters).map(drop)
    }

    async fn run(&self, cx: &Context, parameters: &Value) -> Result<Outcome, Trouble> {
        heard(cx, decoded::<K>(parameters)?.run(cx)).await
    }

    fn permissions(&self, cx: &PlanView<'_>, parameters: &Value) -> Permissions {
        decode::<K>(parameters).map_or_else(|_| Permissions::default(), |kind| kind.permissions(cx))
    }

    fn names_hosts(&self) -> bool {
        K::NAMES_HOSTS
    }

    fn problems(&self) -> &'static [&'static str] {
        K::PROBLEMS
    }

    fn hosts(&self, cx: &PlanView<'_>, parameters: &Value) -> Vec<Host> {
        decode::<K>(parameters).map_or_else(|_| Vec::new(), |kind| kind.hosts(cx))
    }
}

#[async_trait]
impl<K: Step> AnyStep for Erased<K> {
    fn describe(&self) -> Descriptor {
        let about = K::ABOUT;
        Descriptor {
            code: about.code.into(),
            outputs: schema_for!(K::Outputs).to_value(),
            again: about.again,
            keeps_data: about.keeps_data,
            costs: about.costs.map(str::to_owned),
            fixed: about.fixed.iter().map(|field| (*field).to_owned()).collect(),
            interval: about.interval,
            deadline: about.deadline,
            usual: about.usual.map(str::to_owned),
            ..bare(about.name, Room::Step, about.about, schema_for!(K).to_value())
        }
    }

    fn fits(&self, parameters: &Value) -> Result<(), Misfit> {
        decode::<K>(parameters).map(drop)
    }

    async fn inspect(&self, cx: &Context, parameters: &Value) -> Result<Found, Trouble> {
        let found = heard(cx, decoded::<K>(parameters)?.inspect(cx)).await?;
        found.map(|outputs| {
            serde_json::to_value(outputs).map_err(|error| Trouble::guide(error.to_string(), "Report this."))
        })
    }

    async fn apply(&self, cx: &Context, parameters: &Value, token: &str) -> Result<Applied, Trouble> {
        heard(cx, decoded::<K>(parameters)?.apply(cx, token)).await
    }

    async fn approval(&self, cx: &Context, parameters: &Value) -> Result<Option<Question>, Trouble> {
        heard(cx, decoded::<K>(parameters)?.approval(cx)).await
    }

    async fn declined(&self, cx: &Context, parameters: &Value) {
        if let Ok(kind) = decoded::<K>(parameters) {
            kind.declined(cx).await;
        }
    }

    async fn undo(&self, cx: &Context, parameters: &Value, made: &Made) -> Result<(), Trouble> {
        heard(cx, decoded::<K>(parameters)?.undo(cx, made)).await
    }

    async fn undo_preview(&self, cx: &Context, parameters: &Value, made: &Made) -> Result<String, Trouble> {
        heard(cx, decoded::<K>(parameters)?.undo_preview(cx, made)).await
    }

    async fn recover(&self, cx: &Context, parameters: &Value, recovery: &str) -> Result<(), Trouble> {
        heard(cx, decoded::<K>(parameters)?.recover(cx, recovery)).await
    }

    async fn preview(&self, cx: &Context, parameters: &Value) -> Result<String, Trouble> {
        decoded::<K>(parameters)?.preview(cx).await
    }

    fn commands(&self, cx: &PlanView<'_>, parameters: &Value) -> Vec<String> {
        decode::<K>(parameters).map_or_else(|_| Vec::new(), |kind| kind.commands(cx))
    }

    fn render(&self, cx: &PlanView<'_>, parameters: &Value) -> Vec<Rendered> {
        decode::<K>(parameters).map_or_else(|_| Vec::new(), |kind| kind.render(cx))
    }

    fn undo_line(&self, cx: &PlanView<'_>, parameters: &Value) -> String {
        decode::<K>(parameters).map_or_else(|_| String::new(), |kind| kind.undo_line(cx))
    }

    fn keeps_data(&self, cx: &PlanView<'_>, parameters: &Value) -> bool {
        decode::<K>(parameters).map_or(K::ABOUT.keeps_data, |kind| kind.keeps_data(cx))
    }

    fn instruction(&self, cx: &PlanView<'_>, parameters: &Value) -> Option<String> {
        decode::<K>(parameters).ok()?.instruction(cx)
    }

    fn permissions(&self, cx: &PlanView<'_>, parameters: &Value) -> Permissions {
        decode::<K>(parameters).map_or_else(|_| Permissions::default(), |kind| kind.permissions(cx))
    }

    fn names_hosts(&self) -> bool {
        K::NAMES_HOSTS
    }

    fn hosts(&self, cx: &PlanView<'_>, parameters: &Value) -> Vec<Host> {
        let mut hosts = K::hosts_in_any_case(cx);
        hosts.extend(decode::<K>(parameters).map_or_else(|_| Vec::new(), |kind| kind.hosts(cx)));
        hosts
    }

    fn images(&self, cx: &PlanView<'_>, parameters: &Value) -> Vec<String> {
        decode::<K>(parameters).map_or_else(|_| Vec::new(), |kind| kind.images(cx))
    }
}

#[async_trait]
impl<K: Lookup> AnyLookup for Erased<K> {
    fn describe(&self) -> Descriptor {
        bare(K::ABOUT.name, Room::Lookup, K::ABOUT.about, schema_for!(K).to_value())
    }

    fn services(&self) -> &'static [&'static str] {
        K::SERVICES
    }

    fn fits(&self, parameters: &Value) -> Result<(), Misfit> {
        decode::<K>(parameters).map(drop)
    }

    async fn rows(&self, cx: &Context, parameters: &Value) -> Result<Table, Trouble> {
        let lookup = decoded::<K>(parameters)?;
        // A session that just ended is renewed once, where it can be without anybody; what answers after that counts.
        match lookup.rows(cx).await {
            Err(Trouble::Expired { door, .. }) => cx.cloud.renew(door),
            seen => return seen,
        }
        lookup.rows(cx).await
    }
}
