internal import Files
internal import VectorMath

extension GraphSnapshot {
    /// Opens a graph's file to read: it is mapped, and a page is checked when it is first touched.
    ///
    /// - Complexity: A bit a vertex and four bytes for every 64 KiB of the file are read.
    /// - Throws: `notAnIndex`, `unsupportedVersion`, `damaged`, `wrongSize`, `file`.
    public init(path: String) throws(VectorIndexError) {
        self.init(try GraphFile(path: path).state())
    }

    /// What the owner wrote into the file beside the graph, at most 64 KiB; nothing where there is no file.
    public var tag: [UInt8] { state.file?.tag ?? [] }

    /// Reads every byte of the file behind this snapshot anew: checksums, ids, and whether all links lead to vertices in use.
    ///
    /// What is only in memory has nothing to verify. Throws the first problem.
    public func verify() throws(VectorIndexError) {
        guard let file = state.file else { return }
        try file.checkAll()
        try verifyIDs(file)
        try verifyLinks(file)
    }

    /// Writes the graph to a file, which appears complete or not at all. The same graph gives the same bytes.
    ///
    /// - Parameters:
    ///   - tag: At most 64 KiB that the owner wants to find again; nil for this snapshot's.
    ///   - force: Whether a file of that name may be replaced.
    /// - Throws: `file`; `damaged` where the file that this snapshot reads is.
    public func write(to path: String, tag: [UInt8]? = nil, force: Bool = true) throws(VectorIndexError) {
        // A damaged page must not get a fresh checksum.
        try state.file?.checkAll()
        try GraphFileWriter(state, tag: tag ?? self.tag).write(to: path, force: force)
    }

    private func verifyIDs(_ file: GraphFile) throws(VectorIndexError) {
        var count = 0
        for vertex in 0..<UInt32(state.vertexEnd) where state.isLive(vertex) {
            for id in state.allIDs(vertex) {
                guard state.table[id] == vertex else { throw file.damaged("id \(id) is not found where it stands") }
                count += 1
            }
        }
        guard count == state.count else { throw file.damaged("its table has ids that no vertex has") }
    }

    private func verifyLinks(_ file: GraphFile) throws(VectorIndexError) {
        let grain = 4096
        let state = state
        let wrong = parallelMap((state.vertexEnd + grain - 1) / grain) { piece in
            (piece * grain..<min(state.vertexEnd, (piece + 1) * grain)).first { vertex in
                state.isLive(UInt32(vertex))
                    && !state.neighbours(UInt32(vertex)).allSatisfy { $0 < state.vertexEnd && state.isLive($0) }
            }
        }
        if let vertex = wrong.compactMap({ $0 }).first {
            throw file.damaged("vertex \(vertex) has a neighbour that is not there")
        }
    }
}
