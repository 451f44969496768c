//! A hyper server that hands out bytes which are there already: the least that a scrape can cost.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use crate::Outcome;

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A page, plain and compressed.
#[derive(Debug, Clone)]
struct Page {
    plain: Bytes,
    gzip: Bytes,
}

impl Page {
    fn answer<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        let accepted = request.headers().get(ACCEPT_ENCODING);
        let wants_gzip = accepted
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.contains("gzip"));
        let bytes = if wants_gzip { &self.gzip } else { &self.plain };
        let mut response = Response::new(Full::new(bytes.clone()));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(TEXT));
        if wants_gzip {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}

/// Serves the bytes of two files for so long. Its address is printed once it can be asked.
pub(crate) fn serve(plain: &str, gzip: &str, duration: Duration) -> Outcome {
    let page = Page {
        plain: std::fs::read(plain)?.into(),
        gzip: std::fs::read(gzip)?.into(),
    };
    // As many threads as the exporter has.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // Out of time is how it ends.
    match runtime.block_on(async { tokio::time::timeout(duration, accept(page)).await }) {
        Ok(outcome) => outcome,
        Err(_) => Ok(()),
    }
}

async fn accept(page: Page) -> Outcome {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let page = page.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let response = page.answer(&request);
                async { Ok::<_, Infallible>(response) }
            });
            // A connection that breaks is the client's to count.
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}
