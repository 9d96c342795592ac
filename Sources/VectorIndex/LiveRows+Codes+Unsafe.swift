internal import VectorMath

extension LiveRows {
    /// The codes of these rows around their own mean, made where the rows stand.
    func codes(metric: Metric, dimension: Int) throws(VectorIndexError) -> SegmentCodes? {
        // A damaged row must not get a fresh code.
        for place in places { try segments[place.segment].check(rows: place.row..<place.row + 1) }
        let views = segments.map(\.vectors)
        // The views outlive the pointers into them.
        let bases = views.map { view in view.withUnsafePointer { $0 } }
        return withExtendedLifetime(views) {
            SegmentCodes(metric: metric, dimension: dimension, count: places.count) { index in
                bases[places[index].segment] + places[index].row * views[places[index].segment].stride
            }
        }
    }
}
