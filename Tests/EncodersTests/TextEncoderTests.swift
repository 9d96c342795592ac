import Encoders
import Files
import LowRank
import ModelFiles
import TestSupport
import Testing
import Tokenization
import VectorMath

@Suite("A text encoder with DoRA")
struct StretchedEncoderTests {
    private func adapter(_ model: EmbeddingModel) throws -> LowRankAdapter {
        var adapter = try LowRankAdapter(
            configuration: AdapterConfiguration(rank: 3, alpha: 6, targets: .allLinear, useDoRA: true),
            modules: model.linearModules, values: .random, seed: 1
        ) { model.encoder.weight(of: $0.name)! }
        for i in adapter.pairs.indices {
            adapter.pairs[i].b = random(adapter.pairs[i].outputWidth, 3, seed: UInt64(i), scale: 0.1)
            adapter.pairs[i].magnitude = adapter.pairs[i].magnitude!.enumerated().map {
                $1 * (1 + 0.02 * Float($0 % 7))
            }
        }
        return adapter
    }

    @Test("gives the vectors of the layers, and leaves the base as it was", arguments: [Precision.f32, .bf16])
    func vectors(precision: Precision) throws {
        let base = try TextEncoder(model: ModelFolder(path: TinyBERT.path), precision: precision)
        let texts = ["the cat sat", "where is my password?"]
        let before = try base.encode(texts)
        let adapter = try adapter(base.model)
        let tuned = try base.adapted(by: adapter)
        let expected = try base.model.embed(TokenBatch(base.model.tokenize(texts)), adapter: adapter)
        let found = try tuned.encode(texts)
        let tolerance = precision == .f32 ? 1e-5 : 0.03
        #expect(difference(found.elements(), expected.elements(), within: Tolerance(absolute: tolerance)) == nil)
        #expect(difference(found.elements(), before.elements(), within: Tolerance(absolute: 0.05)) != nil)
        #expect(try tuned.adapted(by: nil).encode(texts) == before)
        // Another length of a row is another space.
        var other = adapter
        other.pairs[0].magnitude![0] *= 2
        #expect(try base.adapted(by: other).space != tuned.space)
    }
}

@Suite("A text encoder with trained biases")
struct BiasedEncoderTests {
    @Test(
        "gives the vectors of the layers with those biases, and leaves the base as it was",
        arguments: Precision.allCases,
        [false, true])
    func vectors(precision: Precision, stretched: Bool) throws {
        let base = try TextEncoder(model: ModelFolder(path: TinyBERT.path), precision: precision)
        let texts = ["the cat sat", "where is my password?"]
        let before = try base.encode(texts)
        var adapter = try LowRankAdapter(
            configuration: AdapterConfiguration(rank: 2, alpha: 4, targets: .attention, useDoRA: stretched, bias: .all),
            modules: base.model.linearModules, values: .random, seed: 1
        ) { base.model.encoder.weight(of: $0.name)! }
        for i in adapter.pairs.indices {
            adapter.pairs[i].b = random(adapter.pairs[i].outputWidth, 2, seed: UInt64(i), scale: 0.1)
        }
        let plain = try base.adapted(by: adapter)
        adapter.biases = base.model.encoder.biases.mapValues { $0.enumerated().map { $1 + 0.1 * Float($0 % 5) } }
        let tuned = try base.adapted(by: adapter)
        let found = try tuned.encode(texts)
        let expected = try base.model.embed(TokenBatch(base.model.tokenize(texts)), adapter: adapter)
        let tolerance = Tolerance(absolute: precision == .f32 ? 1e-5 : 0.06)
        #expect(difference(found.elements(), expected.elements(), within: tolerance) == nil)
        #expect(difference(found.elements(), try plain.encode(texts).elements(), within: tolerance) != nil)
        #expect(try base.encode(texts) == before && tuned.adapted(by: nil).encode(texts) == before)
        #expect(Set([tuned.space, plain.space, base.space]).count == 3)
        var pool = try MultiAdapterEncoder(base: base)
        try pool.set(adapter, as: "biased")
        #expect(try pool.encode(texts, adapters: ["biased", nil]).row(0) == found.row(0))
    }

    @Test("biases that the model has not, or in another length, are refused by name")
    func strangers() throws {
        let base = try TextEncoder(model: ModelFolder(path: TinyBERT.path))
        var adapter = try TinyBERT.adapter()
        adapter.biases = ["encoder.layer.9.output.dense.bias": [1]]
        #expect(throws: EncodersError.self) { try base.adapted(by: adapter) }
        adapter.biases = ["encoder.layer.0.output.dense.bias": [1, 2]]
        let error = #expect(throws: EncodersError.self) { try base.adapted(by: adapter) }
        #expect(
            error?.description.contains("encoder.layer.0.output.dense has shape [2]") == true,
            "\(String(describing: error))")
        adapter.biases = ["encoder.layer.0.output.LayerNorm.bias": [1, 2]]
        #expect(throws: EncodersError.self) { try base.model.embed(TokenBatch([[2, 3]]), adapter: adapter) }
    }
}

@Suite("Text encoder")
struct TextEncoderTests {
    private func encoder() throws -> TextEncoder { try TextEncoder(model: ModelFolder(path: TinyBERT.path)) }

    /// Texts of many lengths, each once, in no order.
    private static let texts: [String] = (0..<120).map { (i: Int) -> String in
        let words = ["cat", "dog", "bank", "swift", "running", "ü"]
        let text: [String] = (0...(i * 37 % 29)).map { words[($0 * 7 + i) % words.count] }
        return text.joined(separator: " ") + " \(i)"
    }

    @Test("vectors come in the order of the texts, and each is that of the text alone")
    func order() throws {
        let encoder = try encoder()
        let vectors = try encoder.encode(Self.texts)
        #expect(vectors.rows == Self.texts.count && vectors.columns == encoder.dimension)
        for (row, text) in Self.texts.enumerated() {
            let alone = try encoder.encode([text])
            #expect(alone.row(0) == vectors.row(row), "\(text)")
        }
    }

    @Test("vectors have length 1 where the model normalises")
    func normalises() throws {
        let vectors = try encoder().encode(Self.texts)
        for row in 0..<vectors.rows {
            let square = vectors.row(row).reduce(0) { $0 + Double($1) * Double($1) }
            #expect(abs(square - 1) < 1e-6)
        }
    }

    @Test("the number of threads does not change a bit of the vectors", arguments: [2, 3, 8])
    func threads(width: Int) throws {
        let encoder = try encoder()
        let adapted = try encoder.adapted(by: TinyBERT.adapter())
        for encoder in [encoder, adapted] {
            let one = try ThreadPool.withWidth(1) { try encoder.encode(Self.texts) }
            let many = try ThreadPool.withWidth(width) { try encoder.encode(Self.texts) }
            #expect(one == many)
        }
    }

    @Test("equal texts have the same bits")
    func repeatedTexts() throws {
        let encoder = try encoder()
        let vectors = try encoder.encode(["cat", "dog ran", "cat", "Cat", "dog  ran", "cat"])
        #expect(
            vectors.row(0) == vectors.row(2) && vectors.row(0) == vectors.row(3) && vectors.row(0) == vectors.row(5))
        #expect(vectors.row(1) == vectors.row(4) && vectors.row(0) != vectors.row(1))
    }

    @Test("no texts give no vectors, and an empty text gives one")
    func emptyInput() throws {
        let encoder = try encoder()
        let none = try encoder.encode([])
        #expect(none.rows == 0 && none.columns == encoder.dimension)
        let vectors = try encoder.encode(["", " ", "\t\n"])
        #expect(vectors.rows == 3 && vectors.row(0) == vectors.row(1) && vectors.row(0).allSatisfy(\.isFinite))
    }

    @Test("long texts are cut to the limit: the model's own, or a shorter one")
    func limits() throws {
        let encoder = try encoder()
        #expect(encoder.maxLength == 32)
        let long = Array(repeating: "the", count: 100).joined(separator: " ")
        let cut = Array(repeating: "the", count: 30).joined(separator: " ")
        #expect(try encoder.encode([long]) == encoder.encode([cut]))
        #expect(try encoder.encode([long]) != encoder.encode([cut + " the"], maxLength: 34))
        #expect(try encoder.encode(["cat sat on"], maxLength: 3) == encoder.encode(["cat"]))
    }

    @Test(
        "refuses a limit that leaves no room for a token, or is longer than the positions", arguments: [-1, 0, 2, 41])
    func invalidLimits(limit: Int) throws {
        let encoder = try encoder()
        #expect {
            try encoder.encode(["cat"], maxLength: limit)
        } throws: { error in
            guard case .invalidLength(limit, 3...40) = error as? EncodersError else { return false }
            return true
        }
    }

    @Test("a prompt goes before every text; the default prompt where none is named")
    func prompts() throws {
        let folder = try TinyBERT.folder(settings: [
            "prompts": ["query": "where is ", "document": "the "], "default_prompt_name": "document",
        ])
        let encoder = try TextEncoder(model: ModelFolder(path: folder.path))
        let plain = try self.encoder()
        #expect(try encoder.encode(["cat"], prompt: "query") == plain.encode(["where is cat"]))
        #expect(try encoder.encode(["cat"]) == plain.encode(["the cat"]))
        #expect(try encoder.encodeQueries(["cat"]) == plain.encode(["where is cat"]))
        #expect(try encoder.encodeDocuments(["cat"]) == plain.encode(["the cat"]))
        #expect(try plain.encodeQueries(["cat"]) == plain.encode(["cat"]))
    }

    @Test("an unknown prompt is an error that lists the known ones")
    func unknownPrompt() throws {
        let folder = try TinyBERT.folder(settings: ["prompts": ["query": "q: ", "passage": "p: "]])
        let encoder = try TextEncoder(model: ModelFolder(path: folder.path))
        #expect {
            try encoder.encode(["cat"], prompt: "queries")
        } throws: { "\($0)".contains("\"queries\"; it has passage, query") }
    }

    @Test("a prompt is left out of pooling where the model says so")
    func promptOutOfPooling() throws {
        let folder = try TinyBERT.folder(
            settings: ["prompts": ["query": "where is "]],
            pooling: ["word_embedding_dimension": 32, "pooling_mode_mean_tokens": true, "include_prompt": false])
        let encoder = try TextEncoder(model: ModelFolder(path: folder.path))
        let ids = encoder.model.tokenizer.encode("where is cat")
        let batch = TokenBatch([ids])
        let hidden = try encoder.model.encoder.forward(batch)
        // [CLS] where is | cat [SEP]
        var expected = Matrix<Float>(rowsOf: [zip(hidden.row(3), hidden.row(4)).map { ($0 + $1) / 2 }])
        _ = normalizeRows(&expected)
        let found = try encoder.encode(["cat"], prompt: "query")
        let poolingTolerance = 1e-6
        #expect(largestDifference(found.row(0), expected.row(0)) <= poolingTolerance)
    }

    @Test("progress counts every text, repeated ones too, and ends at all of them")
    func progress() throws {
        var reports: [Int] = []
        _ = try encoder().encode(Self.texts + Self.texts) { done, all in
            reports.append(done)
            #expect(all == 2 * Self.texts.count)
        }
        #expect(reports == reports.sorted() && reports.last == 2 * Self.texts.count)
    }

    @Test("batches keep to the token budget, and a longer text is a batch of its own")
    func batches() {
        #expect(TextEncoder.batches(lengths: [], budget: 10) == [])
        #expect(TextEncoder.batches(lengths: [12, 5, 5, 1, 9], budget: 10) == [0..<1, 1..<3, 3..<5])
        #expect(TextEncoder.batches(lengths: [4, 4, 4], budget: 10) == [0..<2, 2..<3])
    }

    @Test("a cancelled task stops between batches")
    func cancellation() async throws {
        let encoder = try encoder()
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try encoder.encode(["cat"])
        }
        task.cancel()
        await #expect(throws: EncodersError.self) { try await task.value }
    }

    @Test("PEFT's folder gives PEFT's vectors, through the adapter and merged")
    func adapter() throws {
        let golden = Golden(
            file: try SafetensorsFile(path: SharedData.fixtures + "/encoders/adapted.safetensors"))
        let encoder = try TextEncoder(
            model: ModelFolder(path: TinyBERT.path), adapter: AdapterFolder(path: SharedData.tinyBERT + "/peft_adapter")
        )
        let batch = try TinyBERT.batch()
        let vectors = try encoder.model.embed(batch, adapter: encoder.adapter)
        #expect(golden.excess(vectors.elements(), "adapted") <= 1)
        #expect(golden.excess(vectors.elements(), "merged") <= 1)
        let base = try encoder.model.embed(batch)
        #expect(golden.excess(base.elements(), "adapted") > 100)
    }

    @Test("an adapter can be put on and taken off")
    func swapping() throws {
        let base = try encoder()
        let adapted = try base.adapted(by: TinyBERT.adapter())
        #expect(try adapted.encode(["cat"]) != base.encode(["cat"]))
        #expect(try adapted.adapted(by: nil).encode(["cat"]) == base.encode(["cat"]))
        #expect(try adapted.adapted(by: nil).space == base.space)
    }

    @Test("an adapter on the pooler comes with a warning")
    func poolerWarning() throws {
        let adapter = try LowRankAdapter(
            configuration: AdapterConfiguration(rank: 2, alpha: 2, targets: .names(["dense"])),
            modules: ["pooler.dense": randomPair(outputs: 32, inputs: 32, rank: 2, seed: 1)])
        let encoder = try encoder()
        let adapted = try encoder.adapted(by: adapter)
        #expect(adapted.warnings.count == encoder.warnings.count + 1)
        #expect(adapted.warnings.last?.contains("pooler.dense") == true)
        #expect(try adapted.adapted(by: nil).warnings == encoder.warnings)
    }

    @Test("a folder that is no model is an error that names it")
    func missingModel() throws {
        let folder = try TemporaryFolder()
        #expect(throws: ModelFilesError.self) { try ModelFolder(path: folder.path) }
        let broken = try TinyBERT.folder()
        try writeFile("{", to: broken.path + "/tokenizer.json")
        #expect {
            try TextEncoder(model: ModelFolder(path: broken.path))
        } throws: { error in
            guard case .tokenizer = error as? EncodersError else { return false }
            return "\(error)".contains("tokenizer.json")
        }
    }

    @Test("a tokenizer with more tokens than the model embeds is refused")
    func vocabularyMismatch() throws {
        let folder = try TinyBERT.folder()
        var tensors = try TinyBERT.tensors()
        let words = tensors["embeddings.word_embeddings.weight"]!
        tensors["embeddings.word_embeddings.weight"] = Matrix(copying: words[rows: 0..<100])
        var writer = SafetensorsWriter()
        for (name, tensor) in tensors {
            if tensor.rows == 1 {
                writer.add(name, shape: [tensor.columns], floats: tensor.row(0))
            } else {
                writer.add(name, matrix: tensor.view)
            }
        }
        try writer.write(to: folder.path + "/model.safetensors")
        let settings = try readText(folder.path + "/config.json")
        let smaller = settings.replacing(#""vocab_size": 200"#, with: #""vocab_size": 100"#)
        #expect(smaller != settings)
        try writeFile(smaller, to: folder.path + "/config.json")
        #expect {
            try TextEncoder(model: ModelFolder(path: folder.path))
        } throws: { error in
            guard case .vocabularyMismatch(200, 100, _) = error as? EncodersError else { return false }
            return true
        }
    }
}
