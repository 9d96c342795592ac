/// What a failing call says to its user; nil where it does not fail.
///
///     #expect(errorMessage { try readCSV(path) } == "a.csv:2: 3 fields expected, as on line 1, 2 found")
public func errorMessage<R>(_ body: () throws -> R) -> String? {
    do {
        _ = try body()
        return nil
    } catch {
        return "\(error)"
    }
}
