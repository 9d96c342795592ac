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
    func merged(dimension: Int) throws(VectorIndexError) -> VectorSegment {
        var vectors = Matrix<Float>(uninitializedRows: places.count, columns: dimension)
        for (row, place) in places.enumerated() {
            try segments[place.segment].check(rows: place.row..<place.row + 1)
            vectors.copyRow(place.row, of: segments[place.segment].vectors, to: row)
        }
        return VectorSegment(ids: places.map(\.id), vectors: vectors)
    }
}
