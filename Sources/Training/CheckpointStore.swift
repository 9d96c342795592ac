internal import Files

/// The checkpoints of a run: a folder `step-N` each, the newest two.
struct CheckpointStore {
    /// The folder that holds them.
    let path: String

    /// How many are kept: the newest, and one to fall back on where the newest is damaged.
    static let kept = 2

    private static let prefix = "step-"

    /// The folder of a step's checkpoint.
    func path(ofStep step: Int) -> String { FileSystem.joined(path, Self.prefix + String(step)) }

    /// Writes the checkpoint of a state and removes all but the newest. Returns its folder.
    func save(_ state: TrainingState, identity: RunIdentity) throws(TrainingError) -> String {
        try wrapFiles { () throws(FilesError) in try FileSystem.makeDirectory(path) }
        let folder = path(ofStep: state.step)
        try Checkpoint(path: folder).write(state, identity: identity)
        try wrapFiles { () throws(FilesError) in
            for old in try steps().filter({ $0 <= state.step }).dropFirst(Self.kept) {
                try FileSystem.remove(path(ofStep: old))
            }
        }
        return folder
    }

    /// The newest checkpoint that can be read; nil where the run never wrote one.
    ///
    /// - Parameter passedOver: called with the reason for each newer one that is damaged.
    /// - Throws: `noValidCheckpoint` where there are some and all are damaged.
    func newest(
        initial: TrainingState, identity: RunIdentity, passedOver: (TrainingError) -> Void
    ) throws(TrainingError) -> (state: TrainingState, instructionSet: String)? {
        let steps = try wrapFiles { () throws(FilesError) in try self.steps() }
        var reasons: [String] = []
        for step in steps {
            do throws(TrainingError) {
                let found = try Checkpoint(path: path(ofStep: step)).read(initial: initial, identity: identity)
                guard found.state.step == step else {
                    throw .damagedCheckpoint(path: path(ofStep: step), reason: "it is of step \(found.state.step)")
                }
                return found
            } catch {
                guard case .damagedCheckpoint = error else { throw error }
                reasons.append(error.description)
                passedOver(error)
            }
        }
        guard reasons.isEmpty else { throw .noValidCheckpoint(path: path, reasons: reasons) }
        return nil
    }

    /// Removes the checkpoints of later steps: those that a resumed run found damaged and will write anew.
    func removeAll(after step: Int) throws(FilesError) {
        for later in try steps() where later > step { try FileSystem.remove(path(ofStep: later)) }
    }

    /// The steps that have a checkpoint, the newest first.
    private func steps() throws(FilesError) -> [Int] {
        guard FileSystem.isDirectory(path) else { return [] }
        return try FileSystem.names(in: path).compactMap { name in
            name.hasPrefix(Self.prefix) ? Int(name.dropFirst(Self.prefix.count)) : nil
        }.sorted(by: >)
    }
}
