//! Images: their architectures, and copies of them.

use landfall_core::event::State;
use serde_json::{Value, json};

use super::place::{Place, present};

const SCENARIO: &str = "
outside:
  hosts:
    docker.example.com:
      kind: registry
      token: true
      credentials: { username: team, password: image-canary }
      images:
        app/web:1.0: { architectures: [amd64, arm64] }
        app/old:1.0: { architectures: [amd64] }
    mirror.example.com:
      kind: registry
      writable: true
      credentials: { username: ann, password: mirror-canary }
";

fn look(place: &Place, images: &[&str], architectures: &[&str]) -> Value {
    json!({"images": images, "architectures": architectures, "username": "team",
        "password": place.secret("image.password", "image-canary")})
}

#[tokio::test]
async fn an_images_architectures_are_compared_with_the_nodes() {
    let place = Place::simulated(SCENARIO).await;
    let code = async |images: &[&str], architectures: &[&str]| {
        place.code("registry.image", look(&place, images, architectures)).await
    };
    assert_eq!(code(&["docker.example.com/app/web:1.0"], &["amd64", "arm64"]).await, "pass");
    assert_eq!(code(&["docker.example.com/app/old:1.0"], &["amd64"]).await, "pass");
    assert_eq!(code(&["docker.example.com/app/old:1.0"], &["arm64"]).await, "REG-ARCHITECTURE");
    assert_eq!(code(&["docker.example.com/app/web:2.0"], &["amd64"]).await, "REG-IMAGE-MISSING");
}

#[tokio::test]
async fn a_wrong_login_is_named_as_such_and_a_missing_one_too() {
    let place = Place::simulated(SCENARIO).await;
    let mut wrong = look(&place, &["docker.example.com/app/web:1.0"], &[]);
    place.secret("image.password", "wrong");
    assert_eq!(place.code("registry.image", wrong.clone()).await, "REG-LOGIN");
    wrong.as_object_mut().unwrap().remove("password");
    assert_eq!(place.code("registry.image", wrong).await, "REG-LOGIN");
}

#[tokio::test]
async fn an_image_is_mirrored_with_all_its_architectures_and_the_same_digest() {
    let place = Place::simulated(SCENARIO).await;
    let step = json!({
        "images": [{"from": "docker.example.com/app/web:1.0", "to": "mirror.example.com/app/web:1.0"}],
        "from_username": "team", "from_password": place.secret("image.password", "image-canary"),
        "to_username": "ann", "to_password": place.secret("mirror.password", "mirror-canary"),
    });
    assert_eq!(place.inspect("registry.mirror", &step).await.state, State::Absent);
    place.apply("registry.mirror", &step).await.unwrap();
    let outputs = present(&place.inspect("registry.mirror", &step).await);
    assert!(outputs["digests"]["mirror.example.com/app/web:1.0"].as_str().unwrap().starts_with("sha256:"));
    let mirrored = json!({"images": ["mirror.example.com/app/web:1.0"], "architectures": ["amd64", "arm64"],
        "username": "ann", "password": step["to_password"]});
    assert_eq!(place.code("registry.image", mirrored).await, "pass");
    assert!(!place.said().contains("canary"));
}
