extension String {
    /// Without white space (Unicode's) at both ends.
    func trimmingWhitespace() -> String { trimming { $0.properties.isWhitespace } }

    /// Without the characters at both ends that meet a condition.
    func trimming(where isUnwanted: (Unicode.Scalar) -> Bool) -> String {
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: { !isUnwanted($0) }),
            let last = scalars.lastIndex(where: { !isUnwanted($0) })
        else { return "" }
        if first == scalars.startIndex, scalars.index(after: last) == scalars.endIndex { return self }
        return String(scalars[first...last])
    }
}
