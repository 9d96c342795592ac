internal import Files
internal import Reports

/// The README.md of a run: what was tuned on what, with which settings, how well it did, and how to load it.
struct ModelCard {
    /// The base model as the user named it.
    let base: String
    /// The data as the user named it.
    let dataName: String
    /// The facts of the run.
    let record: [String: JSONValue]
    /// The base model's metrics, where there was an evaluation.
    let before: Evaluation?
    /// The metrics of the adapter in the folder, where there was an evaluation.
    let after: Evaluation?

    /// The card as Markdown with the front matter that model hubs read.
    var text: String {
        [frontMatter, introduction, evaluation, usage, settings].compactMap(\.self).joined(separator: "\n\n") + "\n"
    }

    private var quotedBase: String { JSONValue.string(base).serialized() }

    private var frontMatter: String {
        """
        ---
        base_model: \(quotedBase)
        library_name: \(isAdapter ? "peft" : "sentence-transformers")
        pipeline_tag: sentence-similarity
        tags:
        - sentence-transformers
        - feature-extraction
        - sentence-similarity
        - \(isAdapter ? "lora" : "fine-tuned")
        - attune
        ---
        """
    }

    private var introduction: String {
        let data = record["data"]
        let model = record["model"]
        let result = record["result"]
        return """
            # \(isAdapter ? "A LoRA adapter for" : "A tuned") \(inline(base))

            Trained with Attune \(attuneVersion) on \
            \(inline(dataName)). \(
                isAdapter
                    ? "It changes how the base model embeds text; it is of no use without it."
                    : "The tuned model is the folder `model`, in the layout of sentence-transformers.")

            | | |
            | --- | --- |
            | base model | \(inline(base)) |
            | SHA-256 of its weights | \(inline(plain(model?["weights"]))) |
            | training data | \(inline(dataName)): \(plain(data?["tuples"])) rows, \(plain(data?["texts"])) distinct texts |
            | SHA-256 of the data | \(inline(plain(data?["sha256"]))) |
            | dimension of the embeddings | \(plain(model?["dimension"])) |
            | trained values | \(plain(result?["parameters"])) |
            | steps | \(plain(result?["steps"])) |
            | loss of the last step | \(result?["loss"]?.doubleValue.map(rounded) ?? "–") |
            """
    }

    private var evaluation: String? {
        guard let after else { return nil }
        let rows = after.metrics.keys.sorted().map { name in
            let base = before?.metrics[name].map(rounded) ?? "–"
            return "| \(name) | \(base) | \(after.metrics[name].map(rounded) ?? "–") |"
        }
        return """
            ## Evaluation

            On held-out development data, after step \(after.step):

            | metric | base | tuned |
            | --- | --- | --- |
            \(rows.joined(separator: "\n"))
            """
    }

    /// Whether the result is an adapter; else it is a model of its own.
    private var isAdapter: Bool {
        let method = record["settings"]?["method"]?.stringValue
        return method == nil || method == TrainingSettings.Method.lora.rawValue
    }

    private var usage: String { isAdapter ? adapterUsage : modelUsage }

    private var modelUsage: String {
        """
        ## How to load it

        With Attune, where `RUN` is this folder:

        ```sh
        attune embed -M RUN -i texts.txt -o vectors.npy
        ```

        With sentence-transformers:

        ```python
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer("RUN/model")
        embeddings = model.encode(["a text", "another text"])
        ```
        """
    }

    private var adapterUsage: String {
        """
        ## How to load it

        With Attune, where `RUN` is this folder:

        ```sh
        attune embed -M \(shellQuoted(base)) -A RUN -i texts.txt -o vectors.npy
        ```

        With sentence-transformers and PEFT:

        ```python
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer(\(quotedBase))
        model.load_adapter("RUN")
        embeddings = model.encode(["a text", "another text"])
        ```

        With PEFT alone, where pooling is up to you:

        ```python
        from peft import PeftModel
        from transformers import AutoModel

        model = PeftModel.from_pretrained(AutoModel.from_pretrained(\(quotedBase)), "RUN")
        ```
        """
    }

    private var settings: String {
        let rows = (record["settings"]?.objectValue ?? [:]).sorted { $0.key < $1.key }.map { name, value in
            "| \(name) | \(plain(value)) |"
        }
        return """
            ## Settings

            | setting | value |
            | --- | --- |
            \(rows.joined(separator: "\n"))

            `run.json` holds everything that the result depends on; the same settings, model and data give the same \
            result, bit for bit, on the same instruction set (here \(plain(record["hardware"]?["instruction_set"]))).
            """
    }

    /// Text as Markdown code: names and paths may hold anything.
    private func inline(_ text: String) -> String {
        "`" + text.replacing("`", with: "'").replacing("|", with: "\\|").replacing("\n", with: " ") + "`"
    }

    private func shellQuoted(_ text: String) -> String {
        let isPlain = text.allSatisfy { $0.isLetter || $0.isNumber || "/._-~".contains($0) }
        return isPlain && !text.isEmpty ? text : "'" + text.replacing("'", with: "'\\''") + "'"
    }

    /// A metric with four digits after the point.
    private func rounded(_ value: Double) -> String { Figures.fixed(value, 4) }
}
