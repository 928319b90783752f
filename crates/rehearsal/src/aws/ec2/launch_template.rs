//! Launch templates and their versions.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::filter;
use crate::aws::{
    ask::{Ask, hex, page},
    error::AwsError,
    service::Asked,
    state::State,
};

/// A launch template.
#[derive(Clone, Debug)]
pub struct LaunchTemplate {
    /// `lt-…`.
    pub id: String,
    /// Name, one of a kind in the region.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// By whom.
    pub by: String,
    /// Number of the default version.
    pub default: i64,
    /// Number of the newest version ever made.
    pub latest: i64,
    /// Versions by number.
    pub versions: BTreeMap<i64, Version>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// A version of a launch template.
#[derive(Clone, Debug)]
pub struct Version {
    /// What its author wrote.
    pub description: Option<String>,
    /// The template, as it was asked for.
    pub data: Value,
    /// When it was made.
    pub created: Timestamp,
    /// By whom.
    pub by: String,
}

impl LaunchTemplate {
    /// The version a reference means: a number, `$Latest`, `$Default` or nothing.
    pub fn version(&self, reference: Option<&str>) -> Option<(i64, &Version)> {
        let number = match reference {
            None | Some("$Default") => self.default,
            Some("$Latest") => self.latest,
            Some(number) => number.parse().ok()?,
        };
        self.versions.get(&number).map(|version| (number, version))
    }

    fn answer(&self) -> Value {
        json!({
            "LaunchTemplateId": self.id, "LaunchTemplateName": self.name, "CreateTime": self.created.to_string(),
            "CreatedBy": self.by, "DefaultVersionNumber": self.default, "LatestVersionNumber": self.latest,
            "Tags": filter::tags(&self.tags),
        })
    }

    fn version_answer(&self, number: i64, version: &Version) -> Value {
        let mut answer = json!({
            "LaunchTemplateId": self.id, "LaunchTemplateName": self.name, "VersionNumber": number,
            "CreateTime": version.created.to_string(), "CreatedBy": version.by,
            "DefaultVersion": number == self.default, "LaunchTemplateData": version.data,
        });
        if let Some(description) = &version.description {
            answer["VersionDescription"] = description.as_str().into();
        }
        answer
    }
}

/// The template a request or node group means, by id or by name.
pub fn find<'a>(state: &'a State, id: Option<&str>, name: Option<&str>) -> Result<&'a LaunchTemplate, AwsError> {
    match (id, name) {
        (Some(_), Some(_)) => Err(AwsError::bad(
            "InvalidParameterCombination",
            "You can specify either the launch template ID or the launch template name, but not both",
        )),
        (None, None) => Err(AwsError::bad(
            "MissingParameter",
            "You must specify either a launch template ID or a launch template name",
        )),
        (Some(id), None) => state.launch_templates.get(id).ok_or_else(|| {
            let message = format!("The specified launch template, with template ID {id}, does not exist.");
            AwsError::bad("InvalidLaunchTemplateId.NotFound", message)
        }),
        (None, Some(name)) => state.launch_templates.values().find(|template| template.name == name).ok_or_else(|| {
            let message = format!("The specified launch template, with template name {name}, does not exist.");
            AwsError::bad("InvalidLaunchTemplateName.NotFoundException", message)
        }),
    }
}

/// CreateLaunchTemplate.
pub fn create(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let name = input.text("LaunchTemplateName");
    if state.launch_templates.values().any(|template| template.name == name) {
        return Err(AwsError::bad(
            "InvalidLaunchTemplateName.AlreadyExistsException",
            "Launch template name already in use.",
        ));
    }
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "()./_-".contains(letter);
    if !name.chars().all(allowed) {
        let message = format!("Launch template name {name:?} may hold letters, digits and ( ) . / _ - only");
        return Err(AwsError::bad("InvalidLaunchTemplateName.MalformedException", message));
    }
    let data = data(input)?;
    let made = state.launch_templates.len();
    let id = format!("lt-0{}", hex(&format!("lt/{}/{name}/{made}", state.region), 16));
    let version = Version {
        description: input.maybe("VersionDescription").map(str::to_owned),
        data,
        created: asked.now,
        by: asked.caller.clone(),
    };
    let template = LaunchTemplate {
        id: id.clone(),
        name: name.to_owned(),
        created: asked.now,
        by: asked.caller.clone(),
        default: 1,
        latest: 1,
        versions: BTreeMap::from([(1, version)]),
        tags: filter::specified(input.list("TagSpecifications"), "launch-template"),
    };
    let answer = json!({ "LaunchTemplate": template.answer() });
    state.launch_templates.insert(id, template);
    Ok(answer)
}

/// CreateLaunchTemplateVersion.
pub fn create_version(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let template = find(state, input.maybe("LaunchTemplateId"), input.maybe("LaunchTemplateName"))?;
    let mut new = data(input)?;
    if let Some(source) = input.maybe("SourceVersion") {
        let (_, version) = template.version(Some(source)).ok_or_else(|| no_version(&template.id, source))?;
        let mut merged = version.data.as_object().cloned().unwrap_or_default();
        merged.extend(new.as_object().cloned().unwrap_or_default());
        new = Value::Object(merged);
    }
    let id = template.id.clone();
    let Some(template) = state.launch_templates.get_mut(&id) else { return Ok(Value::Null) };
    template.latest += 1;
    let version = Version {
        description: input.maybe("VersionDescription").map(str::to_owned),
        data: new,
        created: asked.now,
        by: asked.caller.clone(),
    };
    let answer = template.version_answer(template.latest, &version);
    template.versions.insert(template.latest, version);
    Ok(json!({ "LaunchTemplateVersion": answer }))
}

/// ModifyLaunchTemplate: which version is the default.
pub fn modify(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let template = find(state, input.maybe("LaunchTemplateId"), input.maybe("LaunchTemplateName"))?;
    let wanted = input.maybe("DefaultVersion");
    let (number, _) = template.version(wanted).ok_or_else(|| no_version(&template.id, wanted.unwrap_or_default()))?;
    let id = template.id.clone();
    let Some(template) = state.launch_templates.get_mut(&id) else { return Ok(Value::Null) };
    template.default = number;
    Ok(json!({ "LaunchTemplate": template.answer() }))
}

/// DescribeLaunchTemplates.
pub fn describe(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let (ids, names) = (input.texts("LaunchTemplateIds"), input.texts("LaunchTemplateNames"));
    for id in &ids {
        find(state, Some(id), None)?;
    }
    for name in &names {
        find(state, None, Some(name)).map_err(|_| {
            let message = "At least one of the launch templates specified in the request does not exist.";
            AwsError::bad("InvalidLaunchTemplateName.NotFoundException", message)
        })?;
    }
    let mut found = Vec::new();
    for template in state.launch_templates.values() {
        let named =
            (ids.is_empty() && names.is_empty()) || ids.contains(&&*template.id) || names.contains(&&*template.name);
        let fits = filter::passes(input.list("Filters"), |name| match name {
            "launch-template-name" => Some(vec![template.name.clone()]),
            "create-time" => Some(vec![template.created.to_string()]),
            _ => filter::tag_values(name, &template.tags),
        })?;
        if named && fits {
            found.push(template.answer());
        }
    }
    let (page, next) = page(found, input.whole("MaxResults"), input.maybe("NextToken"))?;
    let mut answer = json!({ "LaunchTemplates": page });
    if let Some(next) = next {
        answer["NextToken"] = next.into();
    }
    Ok(answer)
}

/// DescribeLaunchTemplateVersions.
pub fn describe_versions(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let template = find(state, input.maybe("LaunchTemplateId"), input.maybe("LaunchTemplateName"))?;
    let wanted = input.texts("Versions");
    let mut numbers = Vec::new();
    for reference in &wanted {
        let (number, _) = template.version(Some(reference)).ok_or_else(|| no_version(&template.id, reference))?;
        numbers.push(number);
    }
    let least = input.maybe("MinVersion").and_then(|least| least.parse().ok()).unwrap_or(0);
    let most = input.maybe("MaxVersion").and_then(|most| most.parse().ok()).unwrap_or(i64::MAX);
    let found: Vec<Value> = template
        .versions
        .iter()
        .rev()
        .filter(|(number, _)| (wanted.is_empty() || numbers.contains(number)) && (least..=most).contains(*number))
        .map(|(number, version)| template.version_answer(*number, version))
        .collect();
    let (page, next) = page(found, input.whole("MaxResults"), input.maybe("NextToken"))?;
    let mut answer = json!({ "LaunchTemplateVersions": page });
    if let Some(next) = next {
        answer["NextToken"] = next.into();
    }
    Ok(answer)
}

/// DeleteLaunchTemplate.
pub fn delete(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let template = find(state, input.maybe("LaunchTemplateId"), input.maybe("LaunchTemplateName"))?;
    let (id, answer) = (template.id.clone(), template.answer());
    state.launch_templates.remove(&id);
    Ok(json!({ "LaunchTemplate": answer }))
}

/// DeleteLaunchTemplateVersions.
pub fn delete_versions(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let id = find(state, input.maybe("LaunchTemplateId"), input.maybe("LaunchTemplateName"))?.id.clone();
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    let Some(template) = state.launch_templates.get_mut(&id) else { return Ok(Value::Null) };
    for reference in input.texts("Versions") {
        let number: i64 = reference.parse().unwrap_or_default();
        let item = json!({ "LaunchTemplateId": id, "LaunchTemplateName": template.name, "VersionNumber": number });
        let mut refuse = |code: &str, message: &str| {
            let mut item = item.clone();
            item["ResponseError"] = json!({ "Code": code, "Message": message });
            failed.push(item);
        };
        if number == template.default {
            refuse("unexpectedError", "The default version of a launch template cannot be deleted");
        } else if template.versions.remove(&number).is_none() {
            refuse("launchTemplateVersionDoesNotExist", "The launch template version does not exist");
        } else {
            done.push(item);
        }
    }
    Ok(
        json!({ "SuccessfullyDeletedLaunchTemplateVersions": done, "UnsuccessfullyDeletedLaunchTemplateVersions": failed }),
    )
}

fn no_version(id: &str, reference: &str) -> AwsError {
    let message = format!("Could not find the specified version {reference} for the launch template with ID {id}.");
    AwsError::bad("InvalidLaunchTemplateId.VersionNotFound", message)
}

fn data(input: &Value) -> Result<Value, AwsError> {
    let data = input.part("LaunchTemplateData").cloned().unwrap_or_else(|| Value::Object(Map::new()));
    if let Some(encoded) = data.maybe("UserData") {
        let bytes = STANDARD
            .decode(encoded.trim())
            .map_err(|_| AwsError::bad("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data."))?;
        if bytes.len() > 16 * 1024 {
            return Err(AwsError::bad("InvalidUserData.Malformed", "User data is limited to 16384 bytes"));
        }
    }
    let image = data.maybe("ImageId").unwrap_or("ami-");
    if !image.starts_with("ami-") && !image.starts_with("resolve:ssm:") {
        return Err(AwsError::bad(
            "InvalidAMIID.Malformed",
            format!("Invalid id: \"{image}\" (expecting \"ami-...\")"),
        ));
    }
    Ok(data)
}
