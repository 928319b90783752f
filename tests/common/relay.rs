//! A way to a server that a test can cut and mend.
#![allow(dead_code, reason = "each test uses its own part of this")]

use std::net::SocketAddr;

use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

/// The way.
pub struct Relay {
    /// Where it begins.
    pub address: SocketAddr,
    task: JoinHandle<()>,
    server: String,
}

impl Relay {
    /// To a server such as `https://127.0.0.1:6443`.
    pub async fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = server.trim_start_matches("https://").to_owned();
        Self { address, task: tokio::spawn(Self::carry(listener, server.clone())), server }
    }

    async fn carry(listener: TcpListener, server: String) {
        let mut carried = JoinSet::new();
        while let Ok((mut near, _)) = listener.accept().await {
            let server = server.clone();
            carried.spawn(async move {
                if let Ok(mut far) = TcpStream::connect(server).await {
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                }
            });
        }
    }

    /// Cuts everything that goes over it, and lets nothing new through.
    pub async fn cut(&mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }

    /// Lets everything through again.
    pub async fn mend(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.task = tokio::spawn(Self::carry(listener, self.server.clone()));
    }
}
