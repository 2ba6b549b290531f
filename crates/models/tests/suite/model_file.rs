//! A model file gives back the model, bit for bit; everything else is refused by name.

use composer_bptt::{Cell, Init, RecurrentConfig};
use composer_models::file::{self, Notes};
use composer_models::{Encoding, Error, ModelConfig, SequenceModel, WeightType};
use composer_music::representation::AnyRepresentation;
use std::path::Path;

fn model(hidden: usize) -> SequenceModel {
    let recurrent = RecurrentConfig { cell: Cell::Lstm, hidden, layers: 2, ..RecurrentConfig::default() };
    let encoding =
        Encoding::Tokens { vocabulary: 11, fingerprint: "test".into(), longest_match: false, voices: None };
    SequenceModel::new(ModelConfig::new(encoding, recurrent), &Init::default(), 3).unwrap()
}

fn notes() -> Notes {
    Notes {
        configuration: "[training]\nepochs = 3\n".into(),
        quarters_per_minute: Some(96.5),
        program: Some(0),
        metres: vec![("3/4".parse().unwrap(), 0.75), ("6/8".parse().unwrap(), 0.25)],
        representation: Some(AnyRepresentation::by_name("remi").unwrap()),
        corpus: "a test".into(),
        seed: 3,
        valid_nll: Some(1.25),
    }
}

fn load(bytes: &[u8]) -> Result<(SequenceModel, Notes), Error> {
    file::from_bytes(bytes, Path::new("some.safetensors"))
}

fn complaint(bytes: &[u8]) -> String {
    load(bytes).err().expect("refused").to_string()
}

#[test]
fn a_model_comes_back_bit_for_bit_with_its_notes() {
    let model = model(6);
    let bytes = file::to_bytes(&model, &notes()).unwrap();
    assert_eq!(bytes, file::to_bytes(&model, &notes()).unwrap(), "the same model gives the same bytes");
    let (again, notes_again) = load(&bytes).unwrap();
    assert_eq!(again.config(), model.config());
    assert_eq!(again.params().values(), model.params().values());
    assert_eq!(notes_again, notes());
}

#[test]
fn half_as_long_weights_are_rounded_once_and_read_exactly() {
    let mut model = model(6);
    // Halfway between two numbers of f16, a subnormal number of f16, one below all of them, and the largest.
    model.params_mut().values_mut()[..4].copy_from_slice(&[1.0 + 0.5_f32.powi(11), 3e-7, 1e-9, 65504.0]);
    for (weights, size, read) in [
        (WeightType::F32, 4, [1.0 + 0.5_f32.powi(11), 3e-7, 1e-9, 65504.0]),
        (WeightType::F16, 2, [1.0, 5.0 * 0.5_f32.powi(24), 0.0, 65504.0]),
        (WeightType::Bf16, 2, [1.0, f32::from_bits(0x34a1_0000), f32::from_bits(0x3089_0000), 65536.0]),
    ] {
        let bytes = file::to_bytes_as(weights, &model, &notes()).unwrap();
        let plain = file::to_bytes(&model, &notes()).unwrap();
        assert!(plain.len() + 100 >= bytes.len() + (4 - size) * model.params().len(), "{weights}");
        let (again, notes_again) = load(&bytes).unwrap();
        assert_eq!((again.config(), notes_again), (model.config(), notes()));
        assert_eq!(again.params().values()[..4], read, "{weights}");
        let rounded: Vec<f32> = model.params().values().iter().map(|&value| weights.rounded(value)).collect();
        assert_eq!(again.params().values(), rounded, "{weights}");
        // What was rounded is stored without a change.
        assert_eq!(file::to_bytes_as(weights, &again, &notes()).unwrap(), bytes, "{weights}");
        assert!(load(&bytes[..bytes.len() - 2]).is_err());
    }
    model.params_mut().values_mut()[0] = 65520.0;
    let refused = file::to_bytes_as(WeightType::F16, &model, &notes()).unwrap_err();
    assert!(refused.contains("recurrent.weight_ih_l0 holds 65520, which is too large for f16"), "{refused}");
}

#[test]
fn weights_of_another_type_are_refused_by_name() {
    let bytes = file::to_bytes_as(WeightType::F16, &model(6), &notes()).unwrap();
    let integers = replace(&bytes, br#""dtype":"F16""#, br#""dtype":"I16""#);
    assert!(complaint(&integers).contains("output.bias is I16 and should be F32, F16 or BF16"));
}

#[test]
fn parameters_have_the_names_and_shapes_of_pytorch() {
    let model = model(6);
    let found: Vec<(String, Vec<usize>)> =
        model.params().entries().iter().map(|entry| (entry.name.clone(), entry.shape.clone())).collect();
    for (name, shape) in [
        ("recurrent.weight_ih_l0", vec![24, 12]),
        ("recurrent.weight_hh_l0", vec![24, 6]),
        ("recurrent.bias_ih_l1", vec![24]),
        ("recurrent.weight_ih_l1", vec![24, 6]),
        ("output.weight", vec![11, 6]),
        ("output.bias", vec![11]),
    ] {
        assert!(
            found.contains(&(name.to_string(), shape.clone())),
            "{name} {shape:?} is missing in {found:?}"
        );
    }
}

#[test]
fn damaged_and_foreign_files_are_refused_without_a_panic() {
    let bytes = file::to_bytes(&model(6), &notes()).unwrap();
    for length in [0, 4, 8, 100, bytes.len() / 2, bytes.len() - 1] {
        assert!(
            complaint(&bytes[..length]).contains("some.safetensors is not a composer model"),
            "{length} bytes"
        );
    }
    assert!(complaint(b"this is no model at all, but a text").contains("is not a composer model"));
    let mut huge = u64::MAX.to_le_bytes().to_vec();
    huge.extend([0; 64]);
    assert!(
        complaint(&huge).contains("is not a composer model"),
        "a claimed length must not make us allocate"
    );
}

#[test]
fn weights_that_do_not_fit_the_configuration_are_named() {
    let bytes = file::to_bytes(&model(6), &notes()).unwrap();
    let text = String::from_utf8_lossy(&bytes[8..]).into_owned();
    assert!(text.contains("output.bias"));
    let renamed = replace(&bytes, b"output.bias", b"outsat.bias");
    let complaint_of_renamed = complaint(&renamed);
    assert!(complaint_of_renamed.contains("outsat.bias is not part of the model"), "{complaint_of_renamed}");
    assert!(complaint_of_renamed.contains("output.bias is missing"), "{complaint_of_renamed}");
    let wider = replace(&bytes, br#"\"hidden\":6"#, br#"\"hidden\":7"#);
    assert!(complaint(&wider).contains("recurrent.weight_hh_l0 has shape [24, 6] and should have [28, 7]"));
    let enormous = replace(&bytes, br#"\"layers\":2"#, br#"\"layers\":9"#);
    assert!(complaint(&enormous).contains("recurrent.weight_ih_l8 is missing"));
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let places: Vec<usize> =
        (0..bytes.len() - from.len()).filter(|&at| &bytes[at..at + from.len()] == from).collect();
    assert!(!places.is_empty(), "{} is not in the file", String::from_utf8_lossy(from));
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}
