internal import Files
internal import ModelFiles
internal import VectorMath

/// All that a run has come to after a number of steps: what goes on from it gives the bits of a run that never stopped.
struct TrainingState: Sendable {
    /// The number of steps taken.
    var step = 0
    /// What trains, after them.
    var trained: Trained
    /// The optimiser after them.
    var optimizer: AdamW
    /// Deals the batches of the steps to come.
    var sampler: BatchSampler
    /// The loss's own weights after them, where it has any.
    var classifier: TrainedClassifier?
    /// The loss of the last step.
    var loss: Double?
    /// What evaluations have found so far.
    var evaluations = EvaluationHistory()
    /// The matrices that did best, where there was an evaluation.
    var best: [Matrix<Float>]?
    /// The hard negatives that the run mined for itself, where it does.
    var negatives: NegativesInUse?
}

/// A state on the disk: a folder that appears complete or not at all.
///
/// It holds `trained.safetensors`, `optimizer.safetensors`, once there was an evaluation `best.safetensors`, and for a loss
/// with weights of its own `classifier.safetensors`, all exact in float32; `state.json`; and `checksums.json` with the
/// SHA-256 of each of these, so that no damaged byte goes unnoticed.
struct Checkpoint {
    /// The folder.
    let path: String

    private static let format = 2

    private enum Name {
        static let trained = "trained.safetensors"
        static let optimizer = "optimizer.safetensors"
        static let best = "best.safetensors"
        static let classifier = "classifier.safetensors"
        static let state = "state.json"
        static let checksums = "checksums.json"
    }

    /// What is not a matrix.
    private struct Document: Codable {
        var format: Int
        var step: Int
        var epoch: Int
        var batch: Int
        var generator: [UInt64]
        var loss: Double?
        var evaluations: EvaluationHistory
        var instructionSet: String
        var negatives: NegativesInUse?
        var identity: RunIdentity
    }

    // MARK: Writing

    /// Writes a state; a folder of that name is replaced.
    func write(_ state: TrainingState, identity: RunIdentity) throws(TrainingError) {
        let folder = try wrapFiles { () throws(FilesError) in try AtomicFolder(replacing: path, force: true) }
        var files = [Name.trained, Name.optimizer, Name.state]
        try wrapModelFiles { () throws(ModelFilesError) in
            let names = state.trained.names
            try write(state.trained.matrices, named: names, to: folder.file(Name.trained))
            try write(state.optimizer, named: names, to: folder.file(Name.optimizer))
            if let classifier = state.classifier {
                try classifier.write(to: folder.file(Name.classifier))
                files.append(Name.classifier)
            }
            if let best = state.best {
                try write(best, named: names, to: folder.file(Name.best))
                files.append(Name.best)
            }
        }
        let sampler = state.sampler.state
        let document = Document(
            format: Self.format, step: state.step, epoch: sampler.epoch, batch: sampler.batch,
            generator: sampler.generator, loss: state.loss, evaluations: state.evaluations,
            instructionSet: InstructionSet.current.rawValue, negatives: state.negatives, identity: identity)
        try wrapFiles { () throws(FilesError) in
            try writeFile(encodeJSON(document, pretty: true), to: folder.file(Name.state))
            var checksums: [String: SHA256Digest] = [:]
            for file in files { checksums[file] = try SHA256Digest.of(fileAt: folder.file(file)) }
            try writeFile(encodeJSON(checksums, pretty: true), to: folder.file(Name.checksums))
            try folder.commit()
        }
    }

    private func write(_ matrices: [Matrix<Float>], named names: [String], to path: String) throws(ModelFilesError) {
        var writer = SafetensorsWriter()
        for (name, matrix) in zip(names, matrices) { writer.add(name, matrix: matrix.view) }
        try writer.write(to: path)
    }

    private func write(_ optimizer: AdamW, named names: [String], to path: String) throws(ModelFilesError) {
        var writer = SafetensorsWriter()
        for (name, moment) in zip(names, optimizer.moments) {
            writer.add(name + ".first", matrix: moment.first.view)
            writer.add(name + ".second", matrix: moment.second.view)
        }
        try writer.write(to: path)
    }

    // MARK: Reading

    /// Reads a state back.
    ///
    /// - Parameters:
    ///   - initial: the state that the run began with, for the names of what trains and the data's size.
    ///   - identity: what the run that is to go on is made of.
    /// - Returns: the state, and the instruction set that computed it.
    /// - Throws: `damagedCheckpoint` where the folder is not as it was written, `resumeMismatch` where it is whole but
    ///   belongs to a run of other settings, model or data.
    func read(
        initial: TrainingState, identity: RunIdentity
    ) throws(TrainingError) -> (state: TrainingState, instructionSet: String) {
        let document = try readingFiles { () throws(FilesError) in
            try verifyChecksums()
            return try decodeJSON(Document.self, path: file(Name.state))
        }
        guard document.format == Self.format else {
            throw damaged("it has format \(document.format), this version reads \(Self.format)")
        }
        try identity.require(recorded: document.identity, at: path)
        let position = BatchSampler.State(
            epoch: document.epoch, batch: document.batch, generator: document.generator)
        guard document.step > 0,
            let sampler = initial.sampler.moved(to: position)
        else { throw damaged("step \(document.step) or the sampler's position is impossible") }

        var state = initial
        state.step = document.step
        state.sampler = sampler
        state.loss = document.loss
        state.evaluations = document.evaluations
        state.negatives = document.negatives
        state.trained.matrices = try readMatrices(Name.trained, like: initial.trained)
        state.optimizer = try readOptimizer(like: initial, steps: document.step)
        state.classifier = try initial.classifier.map { (classifier) throws(TrainingError) in
            try readingTensors { () throws(ModelFilesError) in try classifier.read(file(Name.classifier)) }
        }
        if document.evaluations.best != nil { state.best = try readMatrices(Name.best, like: initial.trained) }
        return (state, document.instructionSet)
    }

    private func verifyChecksums() throws(FilesError) {
        let checksums = try decodeJSON([String: SHA256Digest].self, path: file(Name.checksums))
        for name in [Name.trained, Name.optimizer, Name.state] where checksums[name] == nil {
            throw .malformed(path: file(Name.checksums), line: nil, reason: "\(name) is missing")
        }
        for (name, expected) in checksums.sorted(by: { $0.key < $1.key }) {
            guard try SHA256Digest.of(fileAt: file(name)) == expected else {
                throw .malformed(path: file(name), line: nil, reason: "its SHA-256 is not the recorded one")
            }
        }
    }

    private func readMatrices(_ name: String, like trained: Trained) throws(TrainingError) -> [Matrix<Float>] {
        try readingTensors { () throws(ModelFilesError) in
            let tensors = try SafetensorsFile(path: file(name))
            var matrices: [Matrix<Float>] = []
            for (name, matrix) in zip(trained.names, trained.matrices) {
                matrices.append(try tensors.matrix(name, like: matrix))
            }
            return matrices
        }
    }

    private func readOptimizer(like initial: TrainingState, steps: Int) throws(TrainingError) -> AdamW {
        try readingTensors { () throws(ModelFilesError) in
            let tensors = try SafetensorsFile(path: file(Name.optimizer))
            var moments: [AdamW.Moment] = []
            for (name, matrix) in zip(initial.trained.names, initial.trained.matrices) {
                moments.append(
                    AdamW.Moment(
                        first: try tensors.matrix(name + ".first", like: matrix),
                        second: try tensors.matrix(name + ".second", like: matrix)))
            }
            return AdamW(
                moments: moments, decays: initial.optimizer.decays, rates: initial.optimizer.rates, steps: steps,
                constants: initial.optimizer.constants)
        }
    }

    private func file(_ name: String) -> String { FileSystem.joined(path, name) }

    private func damaged(_ reason: String) -> TrainingError { .damagedCheckpoint(path: path, reason: reason) }

    private func readingFiles<Result>(_ body: () throws(FilesError) -> Result) throws(TrainingError) -> Result {
        do throws(FilesError) { return try body() } catch { throw damaged(error.description) }
    }

    private func readingTensors<Result>(_ body: () throws(ModelFilesError) -> Result) throws(TrainingError) -> Result {
        do throws(ModelFilesError) { return try body() } catch { throw damaged(error.description) }
    }
}

extension AtomicFolder {
    fileprivate func file(_ name: String) -> String { FileSystem.joined(temporaryPath, name) }
}

extension SafetensorsFile {
    /// A copy of a tensor that must have the shape of a matrix.
    func matrix(_ name: String, like other: Matrix<Float>) throws(ModelFilesError) -> Matrix<Float> {
        Matrix(copying: try require(name, shape: [other.rows, other.columns]).matrix())
    }
}
