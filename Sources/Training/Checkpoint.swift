internal import Files
internal import LowRank
internal import ModelFiles
internal import VectorMath

/// The whole state of a run after a step: what continues from it gives the bits of a run that was never interrupted.
///
/// On disk it is a folder `step-N` that appears complete or not at all: `adapter.safetensors`, `optimizer.safetensors`
/// and, once there was an evaluation, `best.safetensors`, all exact in float32; `state.json`; and `checksums.json`
/// with the SHA-256 of the others.
struct Checkpoint: Sendable {
    /// The number of steps taken.
    var step: Int
    /// The adapter after them.
    var adapter: LowRankAdapter
    /// The optimiser after them.
    var optimizer: AdamW
    /// Where the sampler stands.
    var sampler: BatchSampler.State
    /// What evaluations have found so far.
    var evaluations: EvaluationHistory
    /// The pairs of the adapter that did best, where there was an evaluation.
    var best: [LowRankPair]?
    /// The instruction set that computed the steps.
    var instructionSet: String
    /// What the run was started with.
    var identity: RunIdentity
}

/// The part of a checkpoint that is written as JSON.
private struct CheckpointState: Codable {
    static let currentFormat = 1

    var format: Int
    var step: Int
    var epoch: Int
    var batch: Int
    var generator: [UInt64]
    var evaluations: EvaluationHistory
    var instructionSet: String
    var identity: RunIdentity
}

private enum CheckpointFile {
    static let adapter = "adapter.safetensors"
    static let optimizer = "optimizer.safetensors"
    static let best = "best.safetensors"
    static let state = "state.json"
    static let checksums = "checksums.json"
}

extension Checkpoint {
    /// Writes the folder; one of that name is replaced.
    func write(to path: String) throws(TrainingError) {
        do {
            let folder = try AtomicFolder(replacing: path, force: true)
            func place(_ name: String) -> String { FileSystem.joined(folder.temporaryPath, name) }

            var files = [CheckpointFile.adapter, CheckpointFile.optimizer, CheckpointFile.state]
            try writePairs(adapter.pairs, to: place(CheckpointFile.adapter))
            try writeMoments(to: place(CheckpointFile.optimizer))
            if let best {
                try writePairs(best, to: place(CheckpointFile.best))
                files.append(CheckpointFile.best)
            }
            let state = CheckpointState(
                format: CheckpointState.currentFormat, step: step, epoch: sampler.epoch, batch: sampler.batch,
                generator: sampler.generator, evaluations: evaluations, instructionSet: instructionSet,
                identity: identity)
            try writeFile(encodeJSON(state, pretty: true), to: place(CheckpointFile.state))
            var checksums: [String: String] = [:]
            for file in files { checksums[file] = try SHA256Digest.of(fileAt: place(file)).hex }
            try writeFile(encodeJSON(checksums, pretty: true), to: place(CheckpointFile.checksums))
            try folder.commit()
        } catch {
            throw TrainingError(error)
        }
    }

    private func writePairs(_ pairs: [LowRankPair], to path: String) throws {
        var writer = SafetensorsWriter()
        for (name, pair) in zip(adapter.names, pairs) {
            try writer.add(pair.a, as: name + ".a")
            try writer.add(pair.b, as: name + ".b")
        }
        try writer.write(to: path)
    }

    private func writeMoments(to path: String) throws {
        var writer = SafetensorsWriter()
        for (name, moments) in zip(adapter.names, optimizer.moments) {
            try writer.add(moments.a.first, as: name + ".a.first")
            try writer.add(moments.a.second, as: name + ".a.second")
            try writer.add(moments.b.first, as: name + ".b.first")
            try writer.add(moments.b.second, as: name + ".b.second")
        }
        try writer.write(to: path)
    }
}
