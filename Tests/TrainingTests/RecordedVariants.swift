import Encoders
import Files
import LowRank
import ModelFiles
import TestSupport
import Testing
import VectorMath

@testable import Training

/// What `fixtures/variants/record.py` recorded of PEFT.
struct RecordedVariants {
    static let folder = SharedData.fixtures + "/variants"

    /// One variant: what PEFT was told, and what came of it.
    struct Variant {
        let name: String
        let settings: JSONValue
        let ratio: Double
        let losses: [Double]
        let scalings: [String: Double]
        let tensors: SafetensorsFile

        var modules: [String] { scalings.keys.sorted() }

        func matrix(_ module: String, _ part: String) throws -> Matrix<Float> {
            Matrix(copying: try #require(tensors.tensor("\(name)/\(module).\(part)")).matrix())
        }

        func bias(_ tensor: String) throws -> [Float] {
            try #require(tensors.tensor("\(name)/\(tensor)")).floats()
        }

        func values(_ module: String, _ part: String) throws -> [Float] {
            try #require(tensors.tensor("\(name)/\(module).\(part)")).floats()
        }
    }

    let batch: TokenBatch
    private let document: JSONValue
    private let tensors: SafetensorsFile

    init() throws {
        document = try JSONValue.read(Self.folder + "/variants.json")
        tensors = try SafetensorsFile(path: Self.folder + "/variants.safetensors")
        let ids = try #require(document["ids"]?.arrayValue)
        batch = TokenBatch(ids.map { ($0.arrayValue ?? []).map { Int32($0.intValue ?? -1) } })
    }

    var names: [String] { document["variants"]?.objectValue?.keys.sorted() ?? [] }

    func variant(_ name: String) throws -> Variant {
        let entry = try #require(document["variants"]?[name])
        return Variant(
            name: name, settings: try #require(entry["settings"]),
            ratio: try #require(entry["optimizer"]?["ratio"]?.doubleValue),
            losses: try #require(entry["losses"]?.arrayValue).compactMap(\.doubleValue),
            scalings: try #require(entry["scalings"]?.objectValue).compactMapValues(\.doubleValue), tensors: tensors)
    }
}

extension RecordedVariants.Variant {
    /// The settings of a run that trains this variant.
    func trainingSettings() throws -> TrainingSettings {
        var training = TrainingSettings()
        training.rank = try #require(settings["r"]?.intValue)
        training.alpha = try #require(settings["lora_alpha"]?.doubleValue)
        training.targets = try #require(settings["target_modules"]?.arrayValue).compactMap(\.stringValue)
        training.layersToTransform = settings["layers_to_transform"]?.arrayValue?.compactMap(\.intValue) ?? []
        training.rankPattern = settings["rank_pattern"]?.objectValue?.compactMapValues(\.intValue) ?? [:]
        training.alphaPattern = settings["alpha_pattern"]?.objectValue?.compactMapValues(\.doubleValue) ?? [:]
        training.learningRateRatio = ratio
        training.learningRate = 1e-2
        training.weightDecay = 0.01
        training.precision = .f32
        if settings["use_rslora"]?.boolValue == true { training.variant = .rslora }
        if settings["use_dora"]?.boolValue == true { training.variant = .dora }
        if let name = settings["bias"]?.stringValue { training.bias = try #require(AdapterBias(rawValue: name)) }
        if let name = settings["init_lora_weights"]?.stringValue {
            training.variant = try #require(TrainingSettings.Variant(rawValue: name))
        }
        return training
    }

    /// The adapter that a run of these settings would begin with, with the values that PEFT began with.
    func start(_ fresh: LowRankAdapter) throws -> LowRankAdapter {
        var adapter = fresh
        for (index, name) in adapter.names.enumerated() {
            adapter.pairs[index].a = try matrix(name, "A0")
            adapter.pairs[index].b = try matrix(name, "B0")
            if adapter.pairs[index].magnitude != nil { adapter.pairs[index].magnitude = try values(name, "m0") }
        }
        return adapter
    }
}
