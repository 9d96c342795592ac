internal import VectorMath

/// All ids of a graph's file, ascending, and their vertices; checked before they are read.
struct FiledIDs: @unchecked Sendable {
    let ids: IDTable
    private let vertices: UnsafePointer<UInt32>

    /// - Parameter vertices: As many as there are ids, below the graph's end; they live as long as the ids' owner.
    init(ids: IDTable, vertices: UnsafePointer<UInt32>) {
        (self.ids, self.vertices) = (ids, vertices)
    }

    var count: Int { ids.count }

    subscript(id: UInt64) -> UInt32? {
        let row = (0..<ids.count).firstPlace { ids[$0] >= id }
        return row < ids.count && ids[row] == id ? vertex(row) : nil
    }

    func vertex(_ row: Int) -> UInt32 {
        precondition(row >= 0 && row < count, "id \(row) of \(count)")
        return UInt32(littleEndian: vertices[row])
    }
}
