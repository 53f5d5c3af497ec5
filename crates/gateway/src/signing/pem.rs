//! Public keys as PEM, with the algorithm beside the key (RFC 5280, SubjectPublicKeyInfo).

use jsonwebtoken::DecodingKey;
use spki::{
    Document, ObjectIdentifier, SubjectPublicKeyInfoRef,
    der::{self, Decode, Reader, SliceReader, asn1::UintRef, pem::PemLabel},
};

use super::{Algorithm, KeyError};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

const BEGIN: &str = "-----BEGIN ";

/// All keys of a text; words between them are passed over.
pub(super) fn read(algorithm: Algorithm, text: &str) -> Result<Vec<DecodingKey>, KeyError> {
    let begins: Vec<_> = text.match_indices(BEGIN).map(|(at, _)| at).collect();
    if begins.is_empty() {
        return Err(KeyError::NotPem);
    }
    let ends = begins.iter().copied().skip(1).chain([text.len()]);
    let blocks = begins.iter().zip(ends);
    blocks
        .map(|(&begin, end)| block(algorithm, text[begin..end].trim_end()))
        .collect()
}

fn block(algorithm: Algorithm, block: &str) -> Result<DecodingKey, KeyError> {
    let label = block[BEGIN.len()..].split("-----").next().unwrap_or("");
    match label {
        "CERTIFICATE" => {
            let way = "openssl x509 -in FILE -noout -pubkey";
            return Err(KeyError::OtherForm("certificate", way));
        }
        "RSA PUBLIC KEY" => {
            let way = "openssl rsa -RSAPublicKey_in -in FILE -pubout";
            return Err(KeyError::OtherForm("bare RSA key (PKCS #1)", way));
        }
        label if label.ends_with("PRIVATE KEY") => return Err(KeyError::Private),
        _ => {}
    }
    // Words behind the end of the block are no part of it.
    let end = "-----END PUBLIC KEY-----";
    let until = block.find(end).ok_or(KeyError::NotPem)? + end.len();
    let (label, der) = Document::from_pem(&block[..until]).map_err(|_| KeyError::NotPem)?;
    SubjectPublicKeyInfoRef::validate_pem_label(label).map_err(|_| KeyError::NotPem)?;
    key(algorithm, der.as_bytes())
}

fn key(algorithm: Algorithm, der: &[u8]) -> Result<DecodingKey, KeyError> {
    let info = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| KeyError::NotPem)?;
    let bytes = info.subject_public_key.as_bytes().ok_or(KeyError::NotPem)?;
    let of = info.algorithm;
    let other = || KeyError::OtherAlgorithm(algorithm);
    match algorithm {
        Algorithm::Rs256 if of.oid == RSA => rsa(bytes).ok_or(KeyError::NotPem),
        Algorithm::Es256 if of.oid == EC && of.parameters_oid() == Ok(P_256) => {
            Ok(DecodingKey::from_ec_der(bytes))
        }
        Algorithm::EdDsa if of.oid == ED25519 => Ok(DecodingKey::from_ed_der(bytes)),
        _ => Err(other()),
    }
}

/// Of the two numbers that an RSA key is.
fn rsa(bytes: &[u8]) -> Option<DecodingKey> {
    let mut reader = SliceReader::new(bytes).ok()?;
    let numbers = reader.sequence(|numbers| -> Result<_, der::Error> {
        let modulus = UintRef::decode(numbers)?;
        Ok((modulus, UintRef::decode(numbers)?))
    });
    let (modulus, exponent) = numbers.ok()?;
    let (n, e) = (modulus.as_bytes(), exponent.as_bytes());
    Some(DecodingKey::from_rsa_raw_components(n, e))
}
