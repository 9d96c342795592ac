internal import Files
internal import Reports

/// The README.md of a head's run.
struct HeadCard {
    /// The base model as the user named it.
    let base: String
    /// The data as the user named it.
    let dataName: String
    /// The facts of the run.
    let record: [String: JSONValue]

    var text: String {
        let result = record["result"]
        let heldOut = result?["held_out"]
        let rows = (record["settings"]?.objectValue ?? [:]).sorted { $0.key < $1.key }.map { name, value in
            "| \(name) | \(plain(value)) |"
        }
        return """
            ---
            base_model: \(JSONValue.string(base).serialized())
            library_name: attune
            pipeline_tag: sentence-similarity
            tags:
            - sentence-similarity
            - query-head
            - attune
            ---

            # A head on the queries of \(inline(base))

            Trained with Attune \(attuneVersion) on \(inline(dataName)). It maps the embeddings of queries; documents, and an \
            index of them, stay as the base model embeds them.

            | | |
            | --- | --- |
            | base model | \(inline(base)) |
            | SHA-256 of its weights | \(inline(plain(record["model"]?["weights"]))) |
            | space of the documents | \(inline(plain(record["model"]?["space"]))) |
            | training data | \(inline(dataName)): \(plain(record["data"]?["tuples"])) pairs |
            | trained values | \(plain(result?["parameters"])) |
            | passes over the data, of which the head was kept | \(plain(result?["epochs"])), \(plain(result?["kept_epoch"])) |
            | held-out queries | \(plain(heldOut?["queries"])) |
            | their nDCG@10 without and with the head | \(rounded(heldOut?["before"])), \(rounded(heldOut?["best"])) |

            The held-out queries have said when to stop and which head to keep: measure on others with `attune eval`.

            ## How to load it

            With Attune, where `RUN` is this folder:

            ```sh
            attune search INDEX "a question" -A RUN
            attune embed -A RUN --query -i queries.txt -o vectors.npy
            ```

            With sentence-transformers, from a copy of the model with the head inside (`attune adapter export-head RUN -o MODEL`):

            ```python
            from sentence_transformers import SentenceTransformer

            model = SentenceTransformer("MODEL")
            queries = model.encode_query(["a question"])
            documents = model.encode_document(["a text"])
            ```

            ## Settings

            | setting | value |
            | --- | --- |
            \(rows.joined(separator: "\n"))

            `run.json` holds everything that the result depends on.

            """
    }

    private func inline(_ text: String) -> String {
        "`" + text.replacing("`", with: "'").replacing("|", with: "\\|").replacing("\n", with: " ") + "`"
    }

    private func rounded(_ value: JSONValue?) -> String { value?.doubleValue.map { Figures.fixed($0, 4) } ?? "–" }
}
