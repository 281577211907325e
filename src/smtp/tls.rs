//! Opportunistic TLS (RFC 7435): against eavesdroppers, without authentication of the server.

use std::net::IpAddr;
use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use super::dial::Connection;
use crate::route::HostName;

/// The cryptography that mailvet was built with offers no version of TLS.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("no TLS: {0}")]
pub struct NoTls(#[from] Error);

/// Encrypts connections.
#[derive(Clone)]
pub(super) struct Tls {
    connector: TlsConnector,
}

/// The handshake failed.
pub(super) struct HandshakeFailed;

impl Tls {
    pub(super) fn new() -> Result<Self, NoTls> {
        let provider = Arc::new(ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
            .with_no_client_auth();
        // A resumed session shows the server that the same client was there before, and gains nothing here.
        config.resumption = Resumption::disabled();
        Ok(Self { connector: TlsConnector::from(Arc::new(config)) })
    }

    /// Encrypts a connection to this host.
    pub(super) async fn encrypt(
        &self,
        connection: Connection,
        host: &HostName,
    ) -> Result<Connection, HandshakeFailed> {
        let encrypted = self.connector.connect(server_name(host), connection).await;
        encrypted.map(|stream| Box::new(stream) as Connection).map_err(|_| HandshakeFailed)
    }
}

/// The name for SNI. An IP address is never sent, and stands in for what is no host name.
fn server_name(host: &HostName) -> ServerName<'static> {
    let nameless = ServerName::from(IpAddr::from([0, 0, 0, 0]));
    ServerName::try_from(host.as_str().to_owned()).unwrap_or(nameless)
}

/// Accepts any certificate.
///
/// Many certificates of mail servers are self-signed, expired or for another name, and a sender that refused
/// them would send in clear text instead (RFC 3207 §4.1). A probe holds no secrets; encryption hides the address
/// from eavesdroppers. The server is identified by the DNS alone, with or without a certificate.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
