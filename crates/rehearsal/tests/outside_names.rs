//! The DNS server, asked with raw messages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::{net::Ipv4Addr, str::FromStr};

use hickory_proto::{
    op::{Message, Query, ResponseCode},
    rr::{Name, RData, RecordType},
};
use landfall_rehearsal::{Rehearsal, world::Happening};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
};

const NAMES: &str = r#"
id: names
outside:
  negative_ttl: 30s
  dns:
    - { name: auth.corp.example, type: CNAME, ingress: shield/auth }
    - { name: shield.corp.example, type: CNAME, ingress: shield/shield, after: 1000h }
    - { name: db.corp.example, type: A, value: 127.0.0.21 }
    - { name: late.corp.example, type: A, value: 127.0.0.22, after: 1000h }
  hosts:
    docker.arthur.ai: { kind: refused }
"#;

fn query(name: &str, kind: RecordType) -> Vec<u8> {
    let mut message = Message::query();
    message.add_query(Query::query(Name::from_str(name).expect("a name"), kind));
    message.to_vec().expect("bytes")
}

async fn ask(rehearsal: &Rehearsal, name: &str, kind: RecordType) -> Message {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    socket.send_to(&query(name, kind), &rehearsal.environment()["LANDFALL_DNS"]).await.expect("sent");
    let mut buffer = [0; 1500];
    let length = socket.recv(&mut buffer).await.expect("an answer");
    Message::from_vec(&buffer[..length]).expect("a message")
}

fn addresses(message: &Message) -> Vec<Ipv4Addr> {
    let address = |data: &RData| if let RData::A(address) = data { Some(address.0) } else { None };
    message.answers.iter().filter_map(|record| address(&record.data)).collect()
}

#[tokio::test]
async fn a_declared_name_is_answered_with_authority() {
    let rehearsal = common::start(NAMES).await;
    let answer = ask(&rehearsal, "DB.corp.example.", RecordType::A).await;
    assert!(answer.metadata.authoritative);
    assert_eq!(addresses(&answer), [Ipv4Addr::new(127, 0, 0, 21)]);
    assert_eq!(addresses(&ask(&rehearsal, "docker.arthur.ai.", RecordType::A).await), [Ipv4Addr::LOCALHOST]);
}

#[tokio::test]
async fn absence_comes_with_the_soa_that_says_how_long_it_may_be_remembered() {
    let rehearsal = common::start(NAMES).await;
    let absent = ask(&rehearsal, "late.corp.example.", RecordType::A).await;
    assert_eq!(absent.metadata.response_code, ResponseCode::NXDomain);
    let [soa] = absent.authorities.as_slice() else { panic!("one SOA: {absent:?}") };
    let RData::SOA(data) = &soa.data else { panic!("an SOA: {soa:?}") };
    assert_eq!((data.minimum, soa.ttl, soa.name.to_ascii().as_str()), (30, 30, "corp.example."));
    let other_type = ask(&rehearsal, "db.corp.example.", RecordType::AAAA).await;
    assert_eq!((other_type.metadata.response_code, other_type.answers.len()), (ResponseCode::NoError, 0));
}

#[tokio::test]
async fn a_name_appears_with_its_load_balancer() {
    let rehearsal = common::start(NAMES).await;
    assert_eq!(
        ask(&rehearsal, "auth.corp.example.", RecordType::A).await.metadata.response_code,
        ResponseCode::NXDomain
    );
    let outside = &rehearsal.world().outside;
    let now = rehearsal.world().clock.now();
    let ready = |ingress: &str| Happening::LoadBalancerReady {
        namespace: "shield".into(),
        ingress: ingress.into(),
        hostname: format!("k8s-{ingress}.elb.us-east-2.amazonaws.com"),
    };
    outside.hear(now, &[ready("auth"), ready("shield")]);
    let answer = ask(&rehearsal, "auth.corp.example.", RecordType::A).await;
    assert_eq!(answer.answers.len(), 2, "alias and address: {answer:?}");
    assert!(addresses(&answer)[0].is_loopback());
    let late = ask(&rehearsal, "shield.corp.example.", RecordType::A).await;
    assert_eq!(late.metadata.response_code, ResponseCode::NXDomain, "it takes its time");
}

#[tokio::test]
async fn a_zone_names_its_server_over_tcp_too() {
    let rehearsal = common::start(NAMES).await;
    let mut stream = TcpStream::connect(&rehearsal.environment()["LANDFALL_DNS"]).await.expect("it listens");
    let query = query("corp.example.", RecordType::NS);
    stream.write_u16(query.len().try_into().expect("short")).await.expect("sent");
    stream.write_all(&query).await.expect("sent");
    let length = stream.read_u16().await.expect("an answer");
    let mut answer = vec![0; length.into()];
    stream.read_exact(&mut answer).await.expect("an answer");
    let answer = Message::from_vec(&answer).expect("a message");
    let RData::NS(server) = &answer.answers[0].data else { panic!("a name server: {answer:?}") };
    assert_eq!(server.0.to_ascii(), "ns1.corp.example.");
    assert_eq!(addresses(&ask(&rehearsal, "ns1.corp.example.", RecordType::A).await), [Ipv4Addr::LOCALHOST]);
}
