import Files
import ModelFiles
import TestSupport
import Testing
import VectorMath

@Suite("Model weights")
struct ModelWeightsTests {
    private let copy: ModelCopy
    private let original: SafetensorsFile

    init() throws {
        copy = try ModelCopy()
        original = try SafetensorsFile(path: SharedData.tinyBERT + "/model/model.safetensors")
    }

    /// Writes the weights anew, each tensor under another name or, for nil, not at all.
    private func rewrite(extra: [String] = [], _ rename: (String) -> String?) throws {
        var writer = SafetensorsWriter()
        for name in original.names {
            if let new = rename(name) { writer.add(try #require(original.tensor(name)), as: new) }
        }
        for name in extra { writer.add(name, shape: [1], integers: [7]) }
        try writer.write(to: copy.file("model.safetensors"))
    }

    @Test("finds tensors under the names that old files give them")
    func readsOldNames() throws {
        try rewrite(extra: ["bert.embeddings.position_ids", "cls.predictions.bias"]) { name in
            "bert."
                + name.replacing("LayerNorm.weight", with: "LayerNorm.gamma").replacing(
                    "LayerNorm.bias", with: "LayerNorm.beta")
        }
        let model = try ModelFolder(path: copy.path)
        let weights = try model.tensors()
        for (name, shape) in model.configuration.tensorShapes {
            let tensor = try weights.require(name, shape: shape)
            #expect(tensor.floats() == original.tensor(name)?.floats())
        }
        #expect(weights.tensor(named: "embeddings.LayerNorm.weight")?.name == "bert.embeddings.LayerNorm.gamma")
        #expect(weights.tensor(named: "none") == nil)
    }

    @Test("a pooler is not needed")
    func readsWithoutPooler() throws {
        try rewrite { $0.hasPrefix("pooler.") ? nil : $0 }
        _ = try ModelFolder(path: copy.path).tensors()
    }

    @Test("names the tensor that is missing or has another shape")
    func namesTensors() throws {
        let model = try ModelFolder(path: copy.path)
        let missing = "encoder.layer.1.output.dense.bias"
        try rewrite { $0 == missing ? nil : $0 }
        #expect(throws: ModelFilesError.missingTensor(path: model.weightsPath, name: missing)) { try model.tensors() }
        // Two tensors of different shapes trade places.
        try rewrite { name in
            switch name {
            case "encoder.layer.0.intermediate.dense.weight": "encoder.layer.0.output.dense.weight"
            case "encoder.layer.0.output.dense.weight": "encoder.layer.0.intermediate.dense.weight"
            default: name
            }
        }
        #expect(
            throws: ModelFilesError.wrongShape(
                path: model.weightsPath, tensor: "encoder.layer.0.intermediate.dense.weight", expected: [64, 32],
                found: [32, 64])
        ) { try model.tensors() }
    }

    @Test("refuses two tensors for the same part of the model")
    func refusesAmbiguity() throws {
        try rewrite(extra: ["bert.pooler.dense.bias"]) { $0 }
        let message = errorMessage { try ModelFolder(path: copy.path).tensors() }
        #expect(
            message?.hasSuffix(
                "tensors 'bert.pooler.dense.bias' and 'pooler.dense.bias' are the same part of the model") == true)
    }

    // MARK: Writing a model

    @Test("a model is written with some of its weights replaced, everything else as it was")
    func writesModel() throws {
        try copy.write(
            ["prompts": ["query": "q: "], "__version__": ["x": "y"]], to: "config_sentence_transformers.json")
        let model = try ModelFolder(path: copy.path)
        let name = "encoder.layer.1.attention.self.query.weight"
        let new = Matrix<Float>(rows: 32, columns: 32, elements: (0..<1024).map { Float($0) })
        let bias = Matrix<Float>(rows: 1, columns: 32, elements: (0..<32).map { Float($0) })
        let path = copy.folder.file("merged")
        try model.writeSentenceTransformersFolder(
            to: path, replacing: [name: new.view, "encoder.layer.0.output.dense.bias": bias.view])
        let merged = try ModelFolder(path: path)
        #expect(merged.configuration == model.configuration)
        #expect(merged.prompts == ["query": "q: "])
        #expect(merged.maxLength == model.maxLength)
        #expect(try merged.tokenizerDigest() == model.tokenizerDigest())
        let weights = try merged.tensors()
        #expect(weights.tensor(named: name)?.floats() == new.elements())
        #expect(weights.tensor(named: "encoder.layer.0.output.dense.bias")?.floats() == bias.elements())
        for other in original.names where other != name && other != "encoder.layer.0.output.dense.bias" {
            #expect(weights.tensor(named: other)?.floats() == original.tensor(other)?.floats())
        }
        #expect(throws: ModelFilesError.file(.alreadyExists(path: path))) {
            try model.writeSentenceTransformersFolder(to: path, replacing: [:])
        }
        try model.writeSentenceTransformersFolder(to: path, replacing: [:], force: true)
        #expect(try readFile(path + "/model.safetensors") == readFile(model.weightsPath))
    }

    @Test("a plain Hugging Face folder is written with the modules that it is used with")
    func writesPlainModel() throws {
        for name in ["modules.json", "1_Pooling", "sentence_bert_config.json"] { try copy.remove(name) }
        let path = copy.folder.file("merged")
        try ModelFolder(path: copy.path).writeSentenceTransformersFolder(to: path, replacing: [:])
        let merged = try ModelFolder(path: path)
        #expect(merged.warnings == [])
        #expect(merged.modules.map(\.kind) == [.transformer, .pooling])
        #expect(merged.pooling == PoolingConfiguration(modes: [.mean]))
        #expect(merged.maxLength == 32)
    }

    @Test("a tensor that the model does not have is refused, and nothing is left behind")
    func refusesUnknownTensors() throws {
        let model = try ModelFolder(path: copy.path)
        let matrix = Matrix<Float>(rows: 1, columns: 1)
        #expect(throws: ModelFilesError.self) {
            try model.writeSentenceTransformersFolder(to: copy.folder.file("merged"), replacing: ["x": matrix.view])
        }
        #expect(try FileSystem.names(in: copy.folder.path) == ["model"])
    }
}
