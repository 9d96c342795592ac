internal import Encoders
internal import Files
internal import LowRank
internal import ModelFiles
internal import VectorMath

extension Trainer {
    /// What a run begins with: a fresh adapter, or copies of the weights.
    static func trained(
        _ settings: TrainingSettings, encoder: TextEncoder, baseName: String
    ) throws(TrainingError) -> Trained {
        let model = encoder.model
        switch settings.method {
        case .lora:
            let adapter = try wrapLowRank { () throws(LowRankError) in
                let modules = model.linearModules
                var adapter = try LowRankAdapter(
                    configuration: settings.adapterConfiguration(baseName: baseName, modules: modules),
                    modules: modules, values: settings.initialValues, seed: settings.seed
                ) { model.encoder.weight(of: $0.name)! }
                adapter.biases = settings.biases(of: model.encoder, beside: adapter)
                return adapter
            }
            try settings.checkPatterns(of: adapter)
            return .adapter(adapter)
        case .full:
            return .weights(TrainableWeights(of: model.encoder, .everything))
        case .lastLayers:
            let layers = model.encoder.configuration.layers
            guard settings.layers <= layers else {
                throw .invalidSetting(
                    name: "layers", found: "\(settings.layers)", expected: "at most the model's \(layers)")
            }
            return .weights(TrainableWeights(of: model.encoder, .lastBlocks(settings.layers)))
        case .queryHead:
            throw .invalidSetting(
                name: "method", found: settings.method.rawValue, expected: "lora, full or last-layers of this trainer")
        }
    }

    /// What the encoder computes in: as the settings say, else bfloat16 where an adapter trains and the processor has it.
    static func precision(
        _ settings: TrainingSettings, for shape: TransformerConfiguration
    ) throws(TrainingError) -> Precision {
        let possible = Precision.allCases.filter {
            settings.method == .lora ? TrainingEncoder.supports($0, shape) : $0 == .f32
        }
        guard let asked = settings.precision else {
            return Precision.bf16.isNative && possible.contains(.bf16) ? .bf16 : .f32
        }
        guard possible.contains(asked) else {
            throw .invalidSetting(
                name: "precision", found: asked.rawValue,
                expected: possible.map(\.rawValue).joined(separator: " or ") + " with \(settings.method.rawValue)")
        }
        return asked
    }

    /// The base model packed for training an adapter; nil where its own weights train. With the adapter that training begins with
    /// it is the base model.
    var packedEncoder: TrainingEncoder? {
        get throws(TrainingError) {
            guard let start = initial.trained.adapter else { return nil }
            let model = try wrapEncoders { () throws(EncodersError) in
                settings.variant.takesFromBase ? try encoder.model.subtracting(start) : encoder.model
            }
            return TrainingEncoder(model, precision: precision)
        }
    }

    /// What trains in the form that the untouched base model takes.
    func applicable(_ trained: Trained) throws(TrainingError) -> Trained {
        guard settings.variant.takesFromBase, let adapter = trained.adapter, let start = initial.trained.adapter else {
            return trained
        }
        return .adapter(try wrapLowRank { () throws(LowRankError) in try adapter.converted(from: start) })
    }

    /// The pooler's bias, which no vector comes from, where the model has one: PEFT expects it among all.
    private func poolerBias() throws(TrainingError) -> [String: [Float]] {
        let name = "pooler.dense.bias"
        let tensors = try wrapModelFiles { () throws(ModelFilesError) in try model.tensors() }
        return tensors.tensor(named: name).map { [name: $0.floats()] } ?? [:]
    }

    /// Puts the result among the run's own files: the two of a PEFT folder, or a model folder. Returns the digest of the
    /// tensors.
    func write(_ trained: Trained, to run: TrainingRun) throws(TrainingError) -> String {
        let tensors: String
        switch trained {
        case .adapter(var adapter):
            if settings.bias == .all { adapter.biases.merge(try poolerBias()) { trained, _ in trained } }
            try wrapLowRank { () throws(LowRankError) in try adapter.write(into: run.path) }
            tensors = run.tensorsPath
        case .weights(let weights):
            try wrapModelFiles { () throws(ModelFilesError) in
                try model.writeSentenceTransformersFolder(
                    to: run.modelPath,
                    replacing: Dictionary(uniqueKeysWithValues: zip(weights.names, weights.matrices.map(\.view))),
                    force: true)
            }
            tensors = try wrapModelFiles { () throws(ModelFilesError) in
                try ModelFolder(path: run.modelPath).weightsPath
            }
        }
        return try wrapFiles { () throws(FilesError) in try SHA256Digest.of(fileAt: tensors).hex }
    }
}
