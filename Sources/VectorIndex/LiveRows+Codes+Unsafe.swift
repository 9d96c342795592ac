internal import VectorMath

extension LiveRows {
    /// The codes of these rows around their own mean, made where the rows stand. `metric` is what codes are made for.
    func codes(metric: Metric, dimension: Int) throws(VectorIndexError) -> SegmentCodes? {
        // A damaged row must not get a fresh code.
        for place in places { try segments[place.segment].check(rows: place.row..<place.row + 1) }
        let stored = segments.map(\.vectors)
        return SegmentCodes(metric: metric, dimension: dimension, count: places.count) { index, scratch in
            stored[places[index].segment].numbers(places[index].row, scratch: scratch)
        }
    }
}
