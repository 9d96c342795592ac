internal import Synchronization

/// The candidates of a call, and the vertices that they are once a scan of them is needed.
final class GraphFilter: Sendable {
    let candidates: CandidateSet
    let count: Int
    private let found = Mutex<[UInt32]?>(nil)

    init(_ candidates: CandidateSet) {
        self.candidates = candidates
        count = candidates.count
    }

    func vertices(in table: VertexTable) -> [UInt32] {
        found.withLock { found in
            if let found { return found }
            let vertices = Array(Set(candidates.ids.compactMap { table[$0] })).sorted()
            found = vertices
            return vertices
        }
    }
}
