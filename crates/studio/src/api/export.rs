//! Pieces and the whole project as files.

use super::sounds::rendered;
use crate::app::App;
use crate::project::{Node, Operation, Project};
use crate::server::reply::{Refusal, Reply, blocking};
use crate::work::recipe;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use composer_music::notation::{self, Format};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{Cursor, Write};
use std::sync::Arc;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/api/nodes/{id}/recipe", get(how))
        .route("/api/nodes/{id}/export/{format}", get(export))
        .route("/api/project.zip", get(whole))
}

async fn how(State(app): State<Arc<App>>, Path(id): Path<u64>) -> Reply<Json<Value>> {
    blocking(move || {
        let node = app.node(id)?;
        let project = app.project();
        let command = recipe(&project, &node)?;
        let parent = node.parent.and_then(|id| project.node(id)).map(|parent| &parent.music);
        Ok(Json(
            json!({ "operation": node.operation, "from": parent, "music": node.music, "recipe": command }),
        ))
    })
    .await
}

/// The SoundFont of the project that sound is made with; absent: the built-in synthesiser.
#[derive(Deserialize)]
struct With {
    font: Option<String>,
}

async fn export(
    State(app): State<Arc<App>>,
    Path((id, format)): Path<(u64, String)>,
    Query(with): Query<With>,
) -> Reply<Response> {
    blocking(move || {
        let node = app.node(id)?;
        let (bytes, kind, ending) = match format.as_str() {
            "midi" => (app.project().midi(&node)?, "audio/midi", "mid"),
            "wav" => (rendered(&app, &app.score(id)?, with.font.as_deref())?, "audio/wav", "wav"),
            "musicxml" => (written(&app, id, Format::MusicXml)?, "application/xml", "musicxml"),
            "abc" => (written(&app, id, Format::Abc)?, "text/plain; charset=utf-8", "abc"),
            _ => return Err(Refusal::missing("a piece is midi, musicxml, abc or wav")),
        };
        Ok(download(bytes, kind, &format!("{}.{ending}", title(&app.project(), &node))))
    })
    .await
}

fn written(app: &App, id: u64, format: Format) -> Reply<Vec<u8>> {
    notation::write(&app.score(id)?, format).map_err(|error| Refusal::wrong(error.to_string()))
}

/// The name of the file that a piece began with, and its number.
fn title(project: &Project, node: &Node) -> String {
    let mut first = node;
    while let Some(parent) = first.parent.and_then(|id| project.node(id)) {
        first = parent;
    }
    let name = match &first.operation {
        Operation::Open(opened) => {
            opened.name.rsplit_once('.').map_or(opened.name.as_str(), |(stem, _)| stem)
        }
        _ => "piece",
    };
    file_name(&format!("{name}-{}", node.id))
}

fn download(bytes: Vec<u8>, kind: &'static str, name: &str) -> Response {
    let disposition = format!("attachment; filename=\"{}\"", file_name(name));
    ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)], bytes)
        .into_response()
}

async fn whole(State(app): State<Arc<App>>) -> Reply<Response> {
    blocking(move || {
        let project = app.project();
        let bytes = archive(&project).map_err(|error| Refusal::from(std::io::Error::other(error)))?;
        let folder = project.folder().file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(download(bytes, "application/zip", &format!("{folder}.zip")))
    })
    .await
}

/// The journal, the pieces, and beside each what `composer again` makes it from.
fn archive(project: &Project) -> zip::result::ZipResult<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    zip.start_file(crate::project::JOURNAL, options)?;
    zip.write_all(&std::fs::read(project.folder().join(crate::project::JOURNAL))?)?;
    let mut names = BTreeSet::new();
    for node in project.nodes() {
        if !names.insert(node.music.clone()) {
            continue;
        }
        zip.start_file(format!("music/{}.mid", node.music), options)?;
        zip.write_all(&project.midi(node)?)?;
        let Ok(Some(recipe)) = recipe(project, node) else { continue };
        for input in recipe.inputs.iter().filter(|input| input.path.starts_with("music")) {
            if names.insert(input.sha256.clone()) && !project.nodes().any(|other| other.music == input.sha256)
            {
                zip.start_file(input.path.to_string_lossy(), options)?;
                zip.write_all(&std::fs::read(project.folder().join(&input.path))?)?;
            }
        }
        zip.start_file(format!("music/{}.mid.json", node.music), options)?;
        zip.write_all(&serde_json::to_vec_pretty(&recipe).map_err(std::io::Error::from)?)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// Text as the name of a file that is downloaded: letters, digits, and hyphens for the rest.
fn file_name(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' };
    let name: String = text.chars().take(80).map(plain).collect();
    let name = name.trim_matches(['-', '.']).to_owned();
    if name.is_empty() { "music".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_plain() {
        assert_eq!(file_name("Ma\u{df}e \"x\"\r\n.mid"), "Ma-e--x---.mid");
        assert_eq!((file_name("../../etc").as_str(), file_name("…").as_str()), ("etc", "music"));
    }
}
