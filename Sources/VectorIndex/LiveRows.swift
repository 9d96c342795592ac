internal import VectorMath

/// The rows of several segments that count, by ascending id.
struct LiveRows {
    struct Place {
        var id: UInt64
        var segment: Int
        var row: Int
    }

    let segments: [VectorSegment]
    let places: [Place]

    init(of segments: [VectorSegment]) throws(VectorIndexError) {
        self.segments = segments
        var places: [Place] = []
        places.reserveCapacity(segments.reduce(0) { $0 + $1.count })
        for (index, segment) in segments.enumerated() {
            try segment.checkIDs()
            for row in 0..<segment.rowCount where segment.deleted?.contains(row) != true {
                places.append(Place(id: segment.id(row), segment: index, row: row))
            }
        }
        if segments.count > 1 { places.sort { $0.id < $1.id } }
        self.places = places
    }

    /// One segment in memory that holds these rows and no others.
    func merged(dimension: Int, storage: VectorStorage) throws(VectorIndexError) -> VectorSegment {
        for place in places { try segments[place.segment].check(rows: place.row..<place.row + 1) }
        let sources = segments.map(\.vectors)
        let vectors = StoredVectors(copying: places.count, dimension: dimension, storage: storage) { row in
            sources[places[row].segment].address(places[row].row)
        }
        return VectorSegment(ids: places.map(\.id), vectors: vectors)
    }
}
