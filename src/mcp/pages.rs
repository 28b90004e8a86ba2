//! Lists that come page by page, with an end even where the server knows none.

use rmcp::model::PaginatedRequestParams;
use rmcp::service::ServiceError;

/// Pages of one list.
const PAGES_MAX: usize = 50;

/// Of a place in a list, as the server names it.
const CURSOR_BYTES_MAX: usize = 64 * 1024;

/// One page, and where the next begins.
pub(super) type Page<T> = (Vec<T>, Option<String>);

/// A list, and whether it was cut.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listed<T> {
    pub items: Vec<T>,
    pub is_cut: bool,
}

/// All pages, up to `items_max` items.
pub(super) async fn all<T>(
    items_max: usize,
    mut page: impl AsyncFnMut(Option<PaginatedRequestParams>) -> Result<Page<T>, ServiceError>,
) -> Result<Listed<T>, ServiceError> {
    let (mut items, mut cursor): (Vec<T>, Option<String>) = (Vec::new(), None);
    for _ in 0..PAGES_MAX {
        let params = cursor.clone().map(|cursor| PaginatedRequestParams::default().with_cursor(Some(cursor)));
        let (more, next) = page(params).await?;
        items.extend(more);
        if items.len() > items_max {
            items.truncate(items_max);
            return Ok(Listed { items, is_cut: true });
        }
        match next {
            None => return Ok(Listed { items, is_cut: false }),
            // A list that leads back to where it was has no end.
            Some(next) if Some(&next) == cursor.as_ref() || next.len() > CURSOR_BYTES_MAX => break,
            Some(next) => cursor = Some(next),
        }
    }
    Ok(Listed { items, is_cut: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pages_are_joined() {
        let listed = all(10, async |params| {
            let second = params.is_some_and(|params| params.cursor.as_deref() == Some("next"));
            Ok(if second { (vec![3], None) } else { (vec![1, 2], Some("next".to_owned())) })
        });
        assert_eq!(listed.await.unwrap(), Listed { items: vec![1, 2, 3], is_cut: false });
    }

    #[tokio::test]
    async fn an_endless_list_is_cut_by_pages_by_items_and_where_it_turns_in_circles() {
        let mut number = 0;
        let pages = all(1000, async |_| {
            number += 1;
            Ok((vec![number], Some(number.to_string())))
        });
        assert_eq!(pages.await.unwrap().items.len(), PAGES_MAX);

        let items = all(512, async |_| Ok((vec![0; 300], Some("x".to_owned()))));
        assert_eq!(items.await.unwrap(), Listed { items: vec![0; 512], is_cut: true });

        let circle = all(512, async |_| Ok((vec![0], Some("x".to_owned()))));
        assert_eq!(circle.await.unwrap(), Listed { items: vec![0; 2], is_cut: true });
    }
}
